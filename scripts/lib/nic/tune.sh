# tune and untune: a NIC that stays with the kernel, for AF_XDP and AF_PACKET. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034 # the parts share variables

is_tuned() { [[ $'\n'$(lines "$1") == *$'\n'tune$tab* ]]; }

# rings_of INTERFACE maximum|current: "rx 256 tx 256"; without what its driver does not offer.
rings_of() {
  ethtool -g "$1" 2>/dev/null | awk -v wanted="$2" '
    /^Pre-set/ {part = "maximum"} /^Current/ {part = "current"}
    part == wanted && /^(RX|TX):/ && $2 ~ /^[0-9]+$/ {
      printf "%s%s %s", space, tolower(substr($1, 1, 2)), $2; space = " "}' || true
}
get_rings() { rings_of "$(interfaces_of "$1")" current; }
set_rings() { set_by_ethtool -G rings "$@"; }

# "adaptive-rx on rx-usecs 3"; without what its driver does not offer.
get_coalescing() {
  ethtool -c "$(interfaces_of "$1")" 2>/dev/null | awk '
    /^Adaptive RX:/ && $3 ~ /^o/ {printf "%sadaptive-rx %s", space, $3; space = " "}
    /^rx-usecs:/ && $2 ~ /^[0-9]+$/ {printf "%srx-usecs %s", space, $2; space = " "}' || true
}
# Some drivers take no new rx-usecs in a request that has adaptive-rx on.
set_coalescing() {
  [[ $(get_coalescing "$1") != "$2" ]] || return 0
  if [[ $2 == 'adaptive-rx on rx-usecs '* ]]; then
    set_by_ethtool -C coalescing "$1" "${2/ on / off }"
    set_by_ethtool -C coalescing "$1" 'adaptive-rx on'
  else
    set_by_ethtool -C coalescing "$@"
  fi
}

# set_by_ethtool OPTION KIND NIC WORDS: nothing where it has no interface now, as it came back untuned.
set_by_ethtool() {
  local interface now words
  interface=$(interfaces_of "$3")
  now=$("get_$2" "$3")
  read -ra words <<<"$4"
  [[ -z $interface || $now == "$4" ]] || run ethtool "$1" "$interface" "${words[@]}"
}

# cores_in LIST: of the kernel's, "0-2,5", a line for each core.
cores_in() {
  local range
  for range in ${1//,/ }; do seq "${range%-*}" "${range#*-}"; done
}

# Of the form that cores_in takes, each range from its lesser end.
is_core_list() {
  [[ $1 =~ ^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$ ]] &&
    tr , '\n' <<<"$1" | awk -F- 'NF > 1 && $1 > $2 {backwards = 1} END {exit backwards}'
}

# NIC/INTERRUPT: its cores, "0,1,2,5". One that is not the NIC's any more is left alone.
get_irq() { cores_in "$(value_of "$root/proc/irq/${1#*/}/smp_affinity_list")" | paste -sd ,; }
set_irq() {
  [[ ! -e $pci/devices/${1%/*}/msi_irqs/${1#*/} || $(get_irq "$1") == "$2" ]] ||
    write "$2" "$root/proc/irq/${1#*/}/smp_affinity_list"
}

# The cores that interrupts may go to, those that nobody spins on. Nothing where all are alike.
spared_cores() {
  local cpus=$root/sys/devices/system/cpu kept spared
  kept=$(for list in "$cores" "$(value_of "$cpus/isolated")" "$(value_of "$cpus/nohz_full")"; do
    cores_in "${list//[^0-9,-]/}"
  done)
  [[ -n $kept ]] || return 0
  spared=$(cores_in "$(value_of "$cpus/online")" | grep -vxFf <(printf '%s\n' "$kept") | paste -sd ,) ||
    fail 'isolated cores and --cores leave none for interrupts'
  printf '%s\n' "$spared"
}

# try NIC FILE KIND KEY WANTED WHAT: a change that not every driver offers or takes: said, and skipped.
try() {
  local nic=$1 file=$2 kind=$3 key=$4 wanted=$5 what=$6 now why
  now=$("get_$kind" "$key")
  if [[ -z $now || -z $wanted ]]; then
    say "$nic: $what: not offered, skipped"
  elif $dry_run; then
    change "$file" tune "$kind" "$key" "$wanted"
  elif ! why=$(change "$file" tune "$kind" "$key" "$wanted" 2>&1); then
    [[ $("get_$kind" "$key") == "$now" ]] || fail "$why"
    forget_line "$file" "tune$tab$kind$tab$key$tab$now" || exit
    say "$nic: $what: refused, skipped: ${why%%$'\n'*}"
  fi
}

tune_nics() {
  local nic address spared wanted=()
  for nic; do
    address=$(resolve "$nic")
    [[ -n $(interfaces_of "$address") ]] ||
      fail "not $address: the kernel has no interface of it, and DPDK's own driver needs none of this"
    wanted+=("$address")
  done
  spared=$(spared_cores)
  [[ -n $spared ]] || say 'interrupts stay where they are: no core is isolated, and --cores names none'
  for nic in "${wanted[@]}"; do
    tune_nic "$nic" "$spared"
    $dry_run || ! is_tuned "$nic" || say "$nic is tuned; scripts/nic untune $nic gives it back"
  done
  tune_governors
}

tune_nic() {
  local wanted irq
  try "$1" "$1" rings "$1" "$(rings_of "$(interfaces_of "$1")" maximum)" 'longest rings'
  wanted=$(get_coalescing "$1" | sed -E 's/(adaptive-rx) \S+/\1 off/; s/(rx-usecs) \S+/\1 0/')
  try "$1" "$1" coalescing "$1" "$wanted" 'interrupts at once'
  if [[ -z $2 ]]; then
    return
  elif ! is_up "$(interfaces_of "$1")"; then
    say "$1: cores of interrupts: it is down, and has none: skipped; take it up and tune it again"
    return
  fi
  for irq in "$pci/devices/$1/msi_irqs"/*; do
    [[ ! -e $irq ]] || try "$1" "$1" irq "$1/${irq##*/}" "$2" "cores of interrupt ${irq##*/}"
  done
}

tune_governors() {
  local governor found=false
  for governor in "$root"/sys/devices/system/cpu/cpufreq/policy*/scaling_governor; do
    [[ -e $governor ]] || continue
    found=true
    try machine machine value "$governor" performance "governor of ${governor%/*}"
  done
  $found || say 'machine: governors: not offered, skipped'
}

# The governors belong to all: they go back with the last NIC.
untune_nics() {
  local nic address wanted=() left=false
  for nic; do
    address=$(resolve "$nic")
    wanted+=("$address")
  done
  for nic in "${wanted[@]}"; do
    if ! is_tuned "$nic"; then
      say "$nic is not tuned: nothing to do"
      continue
    fi
    give_back "$nic" tune || fail "$nic could not be untuned, see above: give the command again"
    $dry_run || say "$nic is as it was before tune"
  done
  for nic in $(remembered_nics); do
    if is_tuned "$nic"; then left=true; fi
  done
  $left || give_back machine tune || fail 'the governors could not be given back, see above: give the command again'
  clear_state
}
