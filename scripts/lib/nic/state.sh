# What is remembered: how things were before scripts/nic changed them. One file for each NIC, and
# one, "machine", for what all share. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034 # the parts share variables
#
# A file is a list, oldest change first, of lines COMMAND, KIND, KEY, FORMER between tabs: which
# command changed what, and what was there before. KIND is a function set_KIND that can put it back
# (steps.sh). A line is written before its change is made: no signal gets between. It need not have reached
# the disk, since a machine that loses its power boots anew, and what another boot changed is not given back.

state_dir=$(realpath -ms "${MUSTER_NIC_STATE:-$root/var/lib/muster/nic}")
tab=$'\t'

boot=$(value_of "$root/proc/sys/kernel/random/boot_id")

# lines FILE: what is remembered. What another boot changed, the reboot has undone.
lines() {
  local line now=false
  [[ -e $state_dir/$1 ]] || return 0
  while IFS= read -r line; do
    if [[ $line == "boot$tab"* ]]; then
      if [[ $line == "boot$tab$boot" ]]; then now=true; fi
    elif $now && [[ $line != '#'* ]]; then
      printf '%s\n' "$line"
    fi
  done <"$state_dir/$1"
}

knows() { [[ $'\n'$(lines "$1") == *$'\n'"$2$tab$3$tab$4$tab"* ]]; } # FILE COMMAND KIND KEY

# save FILE <LINES: at once, or not at all. Without a line there is no file.
save() {
  local text
  IFS= read -rd '' text || true
  text=${text%$'\n'}
  if $dry_run; then
    return
  elif [[ -z $text ]]; then
    rm -f "$state_dir/$1"
    return
  fi
  # Chained, as errexit does not reach into the conditions of callers: half a file replaces no good one.
  {
    mkdir -p "$state_dir" &&
      printf '%s\n' "# What scripts/nic changed on $1, and how it was: command, what, which, former value." \
        "boot$tab$boot" "$text" >"$state_dir/$1.new" &&
      mv -T "$state_dir/$1.new" "$state_dir/$1"
  } || fail "cannot write $state_dir/$1: nothing was changed after that"
}

# remember FILE <LINES: further ones.
remember() {
  local new
  new=$(cat)
  ! $dry_run || printf '# remembers: %s\n' "${new//$tab/ }" | sed '2,$s/^/# remembers: /'
  { lines "$1" && printf '%s\n' "$new"; } | save "$1"
}

forget_line() { # FILE LINE
  local line
  while IFS= read -r line; do
    [[ $line == "$2" ]] || printf '%s\n' "$line"
  done < <(lines "$1") | save "$1"
}

former() { # FILE COMMAND KIND
  local command kind value
  while IFS=$tab read -r command kind _ value; do
    [[ "$command $kind" != "$2 $3" ]] || printf '%s\n' "$value"
  done < <(lines "$1")
}
former_name() { former "$1" bind name; }
former_mac() { former "$1" bind mac; }

# The files of the NICs.
remembered_nics() {
  local file
  for file in "$state_dir"/*:*:*.?; do
    [[ ! -e $file ]] || printf '%s\n' "${file##*/}"
  done
}

# give_back FILE [COMMAND]: what COMMAND, or any, changed, from the last to the first. Each line is
# forgotten once its thing is back. Routes, and what tune set, stand for themselves: one that is refused keeps
# no other back. An address does, since the first of a network is its primary one.
give_back() {
  local line entries kind key value failed=false
  mapfile -t entries < <(lines "$1" | grep "^${2:-.*}$tab" | tac)
  for line in "${entries[@]}"; do
    IFS=$tab read -r _ kind key value <<<"$line"
    if ("set_$kind" "$key" "$value"); then
      forget_line "$1" "$line" || return 1
    else
      failed=true
      [[ $kind =~ ^(route|rings|coalescing|irq)$ ]] || break
    fi
  done
  ! $failed
}

# refuse_foreign_state: what is remembered is carried out as root, so root alone has written it; and not in part,
# so all of it is known here.
refuse_foreign_state() {
  local open file kind
  open=$(open_to_others "$state_dir" "$state_dir"/*) || exit
  [[ -z $open ]] ||
    fail "others than root may change $open, and what $state_dir remembers is carried out as root: look at what is in it, then chown root and chmod go-w $open"
  for file in machine $(remembered_nics); do
    while IFS=$tab read -r _ kind _; do
      [[ $kind =~ ^(address|asked|coalescing|driver|hugetlbfs|irq|mac|module|mtu|name|rings|route|up|value)$ ]] ||
        fail "$state_dir/$file has a line of '$kind', which is nothing that this scripts/nic changes: take it out, or use the scripts/nic that wrote it"
    done < <(lines "$file")
  done
}

# Removes the folder once nothing is remembered.
clear_state() {
  ! $dry_run && [[ -d $state_dir ]] || return 0
  rm -f "$state_dir"/*.new
  local file
  for file in machine $(remembered_nics); do
    [[ -n $(lines "$file") ]] || rm -f "$state_dir/$file"
  done
  rmdir --ignore-fail-on-non-empty "$state_dir" "$root/var/lib/muster" 2>/dev/null || true
}
