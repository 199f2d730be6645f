# What is remembered: how things were before scripts/nic changed them. One file for each NIC, and
# one, "machine", for what all share. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034 # the parts share variables
#
# A file is a list, oldest change first, of lines COMMAND, KIND, KEY, FORMER between tabs: which
# command changed what, and what was there before. KIND is a function set_KIND that can put it back
# (steps.sh). A line is written, to the disk, before its change is made.

state_dir=${MUSTER_NIC_STATE:-$root/var/lib/muster/nic}
tab=$'\t'

boot_now() { value_of "$root/proc/sys/kernel/random/boot_id"; }

# lines FILE: what is remembered. What another boot changed, the reboot has undone.
lines() {
  [[ -e $state_dir/$1 ]] || return 0
  grep -qxF "boot$tab$(boot_now)" "$state_dir/$1" || return 0
  sed '/^#/d; /^boot\t/d' "$state_dir/$1"
}

knows() { lines "$1" | grep -F "$2$tab$3$tab$4$tab" >/dev/null; } # FILE COMMAND KIND KEY

# save FILE <LINES: at once and for good, or not at all. Without a line there is no file.
save() {
  local text
  text=$(cat)
  if $dry_run; then
    return
  elif [[ -z $text ]]; then
    rm -f "$state_dir/$1"
    return
  fi
  mkdir -p "$state_dir"
  {
    echo "# What scripts/nic changed on $1, and how it was: command, what, which, former value."
    printf 'boot\t%s\n%s\n' "$(boot_now)" "$text"
  } >"$state_dir/$1.new"
  { sync "$state_dir/$1.new" && mv -T "$state_dir/$1.new" "$state_dir/$1" && sync "$state_dir"; } ||
    fail "cannot write $state_dir/$1: nothing was changed after that"
}

# remember FILE <LINES: further ones.
remember() {
  local new
  new=$(cat)
  ! $dry_run || printf '# remembers: %s\n' "${new//$tab/ }" | sed '2,$s/^/# remembers: /'
  { lines "$1" && printf '%s\n' "$new"; } | save "$1"
}

forget_line() { lines "$1" | awk -v line="$2" '$0 != line' | save "$1"; } # FILE LINE

former() { lines "$1" | awk -F'\t' -v what="$2 $3" '$1 " " $2 == what {print $4}'; } # FILE COMMAND KIND
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
# forgotten once its thing is back. A route that the kernel refuses keeps no other back; an address does,
# since the first of a network is its primary one.
give_back() {
  local line entries kind key value failed=false
  mapfile -t entries < <(lines "$1" | grep "^${2:-.*}$tab" | tac)
  for line in "${entries[@]}"; do
    IFS=$tab read -r _ kind key value <<<"$line"
    if ("set_$kind" "$key" "$value"); then
      forget_line "$1" "$line" || return 1
    else
      failed=true
      [[ $kind == route ]] || break
    fi
  done
  ! $failed
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
