# The steps: how a thing is changed, and given back. Each does nothing where things are as wanted, so
# that it may be made again after an interrupt. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034 # the parts share variables

dry_run=false

say() { printf '%s\n' "$*"; }

# may_change COMMAND: root, and nobody else at the same time.
may_change() {
  count_steps
  $dry_run && return
  (($(id -u) == 0)) ||
    fail "only root can do that: sudo scripts/nic $1; --dry-run shows the steps without root"
  exec {lock}<"$pci" # a lock that no crash leaves behind
  flock -w 10 "$lock" || fail 'another scripts/nic is at work: wait for it, then try again'
  refuse_foreign_state
  trap 'fail "interrupted; all that was changed is remembered: give the command again, or scripts/nic undo"' INT TERM HUP
}

# Steps are counted over all the parts of a command that run as processes of their own: by a file without a name.
count_steps() {
  local file
  file=$(mktemp)
  exec {steps}<>"$file"
  rm "$file"
}

report_steps() {
  local made=
  read -r made <"/proc/self/fd/$steps" || true
  made=${#made}
  ((made > 0)) || made=nothing
  say "$(if $dry_run; then echo '# would change'; else echo changed; fi): $made$([[ $made == nothing ]] || echo ' steps')"
}

# run COMMAND...: a step.
run() {
  if $dry_run; then
    local words
    printf -v words '%q ' "$@"
    say "${words% }"
  else
    "$@" || fail "'$*' failed: see above; give the command again, or scripts/nic undo"
  fi
  printf . >&"$steps"
}

# write VALUE PATH: by tee, since a refused write has to be seen: the kernel answers on close, too.
write() {
  if $dry_run; then
    say "echo '$1' > $2"
  else
    tee "$2" <<<"$1" >/dev/null ||
      fail "could not write '$1' to $2: see above; give the command again, or scripts/nic undo"
  fi
  printf . >&"$steps"
}

# change FILE COMMAND KIND KEY WANTED: remembers in FILE what is there, then has it as wanted. What
# is remembered already stays: the first value is how it was. What cannot be remembered is not changed.
change() {
  local now
  now=$("get_$3" "$4") || exit
  [[ $now != "$5" ]] || return 0
  if ! knows "$1" "$2" "$3" "$4"; then
    printf '%s\t%s\t%s\t%s\n' "$2" "$3" "$4" "$now" | remember "$1" || exit
  fi
  "set_$3" "$4" "$5"
}

# A file of the kernel's. One that is gone by now needs nothing. "(null)" is how the kernel says
# that nothing is set.
get_value() { value_of "$1"; }
set_value() {
  local value=$2
  if [[ $value == '(null)' ]]; then value=; fi
  [[ ! -e $1 && $dry_run == false || $(value_of "$1") == "$2" ]] || write "$value" "$1"
}

# A module. The one that drives NICs of others by now stays.
get_module() {
  if [[ -e $root/sys/module/${1//-/_} || -e $pci/drivers/$1 ]]; then echo loaded; else echo absent; fi
}
set_module() {
  local others=
  if [[ $2 == loaded ]]; then
    run modprobe "$1"
  elif others=$(cd "$pci/drivers/$1" 2>/dev/null && compgen -G '*:*:*.?' | paste -sd ' ') && ! $dry_run; then
    say "the module $1 stays: it drives $others"
  elif [[ $(get_module "$1") == loaded ]]; then
    run modprobe -r "$1"
  fi
}

# The driver of a PCI device, or none.
get_driver() { driver_of "$1"; }
set_driver() {
  local now
  now=$(driver_of "$1")
  [[ $now != "$2" ]] || return 0
  [[ $now == none ]] || write "$1" "$pci/drivers/$now/unbind"
  if [[ $2 != none ]]; then
    [[ -e $pci/drivers/$2 ]] || run modprobe "$2"
    write "$1" "$pci/drivers/$2/bind"
  fi
}

# What is on an interface; KEY is its name, but for `name`, where it is the PCI address.
set_name() {
  local now
  now=$(wait_for_interface "$1" "$2") || exit
  [[ $now != "$2" ]] || return 0
  run ip link set dev "$now" down
  run ip link set dev "$now" name "$2"
}

# wait_for_interface NIC NAME: up to five seconds, and until udev has named it. Prints its name.
wait_for_interface() {
  local now tries
  for ((tries = 50; tries > 0; --tries)); do
    now=$(interfaces_of "$1")
    [[ -z $now ]] || break
    $dry_run && now=$2 && break
    sleep 0.1
  done
  if [[ -n $now && -e $root/run/udev/control && $dry_run == false ]] && command -v udevadm >/dev/null; then
    udevadm settle --timeout=5 || true
    now=$(interfaces_of "$1")
  fi
  [[ -n $now ]] ||
    fail "$1 has its driver back, but no interface after five seconds: look at dmesg, then scripts/nic undo"
  printf '%s\n' "$now"
}

set_mtu() { [[ $(mtu_of "$1") == "$2" ]] || run ip link set dev "$1" mtu "$2"; }
set_mac() { :; } # remembered as a name of the NIC
set_up() { if [[ $2 == up ]] && ! is_up "$1"; then run ip link set dev "$1" up; fi; }
set_address() {
  local -a words
  read -ra words <<<"$2"
  run ip addr replace "${words[@]}" dev "$1"
}

# FORMER is a line as `ip route show` prints it, after the family: the same words make it again.
set_route() {
  local family words
  read -r family words <<<"$2"
  if $dry_run || ! routes_of "$1" "$family" | grep -xF -- "$2" >/dev/null; then
    # shellcheck disable=SC2086 # words
    run ip "$family" route add $words dev "$1"
  fi
}

# routes_of INTERFACE FAMILY: but those that the kernel, or a router's advertisement, makes by itself.
routes_of() {
  ip -o "$2" route show table all dev "$1" |
    sed -E '/^(local|broadcast|multicast|anycast) |proto (kernel|ra)( |$)|nexthop/d
      s/ (linkdown|dead|offload|rt_offload|trap)\b//g; s/ *$//; s/^/'"$2"' /'
}

# addresses_of INTERFACE: as `ip addr replace` takes them. Lifetimes go on; temporary ones come anew.
addresses_of() {
  local known
  known=$(ip -j addr show dev "$1") || return
  [[ $known == *'"local"'* ]] || return 0 # jq is slow to start
  jq -r '
    def lifetime: if . == 4294967295 then "forever" else tostring end;
    .[].addr_info[] | select(.scope != "link" and .scope != "host" and (.temporary | not)) |
    [(if .address then "\(.local) peer \(.address)/\(.prefixlen)" else "\(.local)/\(.prefixlen)" end),
     (.broadcast // empty | "broadcast \(.)"), (.label // empty | "label \(.)"), "scope \(.scope)",
     (.metric // empty | "metric \(.)"),
     "valid_lft \(.valid_life_time | lifetime) preferred_lft \(.preferred_life_time | lifetime)",
     (if .noprefixroute then "noprefixroute" else empty end),
     (if .family == "inet6" then "nodad" else empty end)] | join(" ")' <<<"$known"
}
