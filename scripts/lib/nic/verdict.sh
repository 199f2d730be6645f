# What muster would do with a NIC, and what speaks against taking it from the kernel. Each objection_*
# prints a sentence, or nothing. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034 # the parts share variables

# dpdk_driver_of KERNEL_DRIVER: "net_ice", "net_mlx5 shared", or nothing.
dpdk_driver_of() { awk -v driver="$1" '$1 == driver {print $2, $3}' "$source_root/scripts/lib/nic/drivers"; }
is_shared() { [[ $(dpdk_driver_of "$(driver_of "$1")") == *shared ]]; }

objection_shared() {
  ! is_shared "$1" || say "not needed: DPDK shares it with the kernel; give muster its name, $1"
}

# What stands on an interface goes when it goes, and could not be given back.
objection_stack() {
  local interface interfaces upper
  mapfile -t interfaces < <(interfaces_of "$1")
  for interface in "${interfaces[@]}"; do
    upper=$(stack_of "$interface" | tail -n +2 | paste -sd ' ')
    [[ -z $upper ]] || say "$interface carries $upper: take it out of there first"
  done
  ((${#interfaces[@]} < 2)) || say "has several interfaces, which could not be told apart later: ${interfaces[*]}"
}

objection_lifeline() {
  local interface interfaces defaults ssh
  interfaces=$(for interface in $(interfaces_of "$1"); do stack_of "$interface"; done)
  defaults=$(default_interfaces)
  ssh=$(ssh_addresses)
  for interface in $interfaces; do
    ! grep -xF -- "$interface" <<<"$defaults" >/dev/null || say 'carries the default route'
    ! grep -xFf <(addresses_on "$interface") <<<"$ssh" >/dev/null || say 'carries an ssh session'
  done | sort -u | paste -sd '+' | sed 's/+/ and /'
}

objection_iommu() {
  [[ -n $(group_of "$1") ]] || say "there is no IOMMU: $(iommu_remedy)"
}

# objection_group NIC [OTHER...]: vfio hands out whole groups. Bridges may be in it, and the others
# that are given by the same command.
objection_group() {
  local device address group others=()
  group=$(group_of "$1")
  [[ -n $group ]] || return 0
  for device in "$pci/devices/$1/iommu_group/devices"/*; do
    address=${device##*/}
    [[ " $* " != *" $address "* && $(value_of "$pci/devices/$address/class") != 0x06* ]] || continue
    [[ $(driver_of "$address") == vfio-* ]] || others+=("$address ($(driver_of "$address"))")
  done
  ((${#others[@]} == 0)) ||
    say "IOMMU group $group would pull in ${others[*]}: bind all its NICs in one command, or use another slot"
}

# verdict_of NIC: what muster would do with it, a tab, and why.
verdict_of() {
  local driver dpdk interface why
  driver=$(driver_of "$1")
  read -r dpdk _ <<<"$(dpdk_driver_of "$driver")"
  interface=$(interfaces_of "$1" | paste -sd ,)
  if [[ $driver == vfio-pci ]]; then
    why=$(former_name "$1")
    say "vfio${tab}its own driver, as $1${why:+; was $why of $(former "$1" bind driver)}"
  elif is_shared "$1"; then
    say "shared${tab}as $1, beside the kernel: $dpdk needs no bind"
  elif [[ -z $interface ]]; then
    say "nothing${tab}neither vfio-pci nor an interface of the kernel has it"
  elif why=$(objection_lifeline "$1") && [[ -n $why ]]; then
    say "nothing${tab}$why"
  else
    why=$(objection_stack "$1" && objection_iommu "$1" && objection_group "$1")
    [[ -n $dpdk ]] || why="DPDK has no driver for what $driver drives"
    say "kernel${tab}af_xdp or af_packet on $interface: ${why:-scripts/nic bind $interface would give it to $dpdk}" | paste -sd ' '
  fi
}
