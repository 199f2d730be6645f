# bind and unbind: from the kernel to vfio-pci, and back. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034 # the parts share variables

# What goes with the kernel's driver. In this order, so that it comes back from the last to the first.
snapshot() {
  local interface family
  interface=$(interfaces_of "$1")
  if [[ -n $interface ]]; then
    for family in -4 -6; do
      routes_of "$interface" "$family" | tac | sed "s/^/bind${tab}route$tab$interface$tab/" || return
    done
    ! is_up "$interface" || printf 'bind\tup\t%s\tup\n' "$interface"
    addresses_of "$interface" | tac | sed "s/^/bind${tab}address$tab$interface$tab/" || return
    printf 'bind\tmtu\t%s\t%s\n' "$interface" "$(mtu_of "$interface")"
    printf 'bind\tmac\t%s\t%s\n' "$interface" "$(mac_of "$interface")"
    printf 'bind\tname\t%s\t%s\n' "$1" "$interface"
  fi
  printf 'bind\tdriver\t%s\t%s\n' "$1" "$(driver_of "$1")"
}

# refuse_unfit NIC ALL...: unless it can be taken, and given back, without harm.
refuse_unfit() {
  local nic=$1 kind why
  for kind in shared stack functions lifeline iommu group; do
    why=$("objection_$kind" "$@")
    case $kind in
      lifeline)
        ((cut_me_off < 2)) || continue
        [[ -z $why ]] || why+=': to lose that, give --yes-cut-me-off twice'
        ;;
      iommu)
        ! $no_iommu || continue
        [[ -z $why ]] || why+='; or bind with --no-iommu, which leaves all memory open to the NIC and to whoever uses it'
        ;;
    esac
    [[ -z $why ]] || fail "not $nic: $why"
  done
}

bind_nics() {
  local nic address wanted=() failed=false
  for nic; do
    address=$(resolve "$nic")
    wanted+=("$address")
  done
  find_lifelines
  for nic in "${wanted[@]}"; do
    given_to_dpdk "$nic" || refuse_unfit "$nic" "${wanted[@]}"
  done
  for nic in "${wanted[@]}"; do
    if given_to_dpdk "$nic"; then
      say "$nic is bound to vfio-pci already: nothing to do"
    elif ! (bind_nic "$nic"); then
      failed=true
      say "$nic could not be bound: giving it back" >&2
      give_back "$nic" bind || true
    fi
  done
  ! $failed || exit 1
}

# Overriding comes first: no other driver can take the NIC in between.
bind_nic() {
  local interface driver shot
  give_back "$1" tune || fail "$1 could not be untuned, see above"
  interface=$(interfaces_of "$1")
  driver=$(driver_of "$1")
  change machine bind module vfio-pci loaded
  if [[ -z $(group_of "$1") ]]; then
    change machine bind value "$root/sys/module/vfio/parameters/enable_unsafe_noiommu_mode" Y
  fi
  if ! knows "$1" bind driver "$1"; then
    shot=$(snapshot "$1") || fail "cannot tell what is on $interface: nothing was changed"
    remember "$1" <<<"$shot" || exit
  fi
  if [[ -n $interface ]] && is_up "$interface"; then run ip link set dev "$interface" down; fi
  change "$1" bind value "$pci/devices/$1/driver_override" vfio-pci
  set_driver "$1" vfio-pci
  $dry_run || given_to_dpdk "$1" || fail "the kernel did not give $1 to vfio-pci: look at dmesg"
  [[ -n ${dpdk_driver[$driver]:-} ]] ||
    say "$1: no driver of DPDK's is known for what $driver drives; scripts/nic unbind $1 gives it back"
  $dry_run || say "$1 is bound to vfio-pci${interface:+, was $interface}: give muster the name $1"
}

# The kernel takes a NIC back when nobody has it open any more, and the write that asks for it waits till then.
refuse_used() {
  local nic group device users names
  for nic; do
    names=()
    group=$(target_of "$pci/devices/$nic/iommu_group" '')
    [[ -z $group ]] || names+=(-o -lname "/dev/vfio/$group" -o -lname "/dev/vfio/noiommu-$group")
    for device in "$pci/devices/$nic"/vfio-dev/vfio*; do # by iommufd
      [[ ! -e $device ]] || names+=(-o -lname "/dev/vfio/devices/${device##*/}")
    done
    ((${#names[@]} > 0)) || continue
    users=$(find "$root"/proc/[0-9]*/fd '(' "${names[@]:1}" ')' 2>/dev/null |
      sed 's|/fd/.*||; s|.*/||' | sort -un | paste -sd ' ') || true
    [[ -z $users ]] || fail "not $nic: the process $users has it, or its IOMMU group, open: end that first"
  done
}

unbind_nics() {
  local nic address wanted=()
  for nic; do
    address=$(resolve "$nic")
    wanted+=("$address")
  done
  refuse_used "${wanted[@]}"
  for nic in "${wanted[@]}"; do
    if knows "$nic" bind driver "$nic"; then
      give_back "$nic" bind || fail "$nic could not be given back, see above: give the command again"
      $dry_run || say "$nic is back with $(driver_of "$nic"), as $(interfaces_of "$nic")"
    elif given_to_dpdk "$nic"; then
      fail "not $nic: somebody else bound it, and nothing is remembered of it; driverctl or dpdk-devbind gives it back"
    else
      say "$nic is not bound: nothing to do"
    fi
    unpersist "$nic"
  done
  clear_state
}
