# What muster would do with a NIC, and what speaks against taking it from the kernel. Each objection_*
# prints a sentence, or nothing. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034 # the parts share variables

# Of a driver of the kernel's: DPDK's, and "shared" where both go together.
declare -A dpdk_driver shares
while read -r driver dpdk shared; do
  [[ -z $driver || $driver == '#'* ]] || dpdk_driver[$driver]=$dpdk shares[$driver]=$shared
done <"$scripts/lib/nic/drivers"

is_shared() { [[ -n ${shares[$(driver_of "$1")]:-} ]]; }

objection_shared() {
  ! is_shared "$1" || say "not needed: DPDK shares it with the kernel; give muster its name, $1"
}

# What stands on an interface goes when it goes, and could not be given back.
objection_stack() {
  local interface interfaces upper
  mapfile -t interfaces < <(interfaces_of "$1")
  for interface in "${interfaces[@]}"; do
    upper=$(stack_of "$interface")
    upper=${upper#"$interface"}
    [[ -z $upper ]] || say "$interface carries${upper//$'\n'/ }: take it out of there first"
  done
  ((${#interfaces[@]} < 2)) || say "has several interfaces, which could not be told apart later: ${interfaces[*]}"
}

objection_functions() {
  local count
  count=$(value_of "$pci/devices/$1/sriov_numvfs")
  ((${count:-0} == 0)) ||
    say "has $count virtual functions, which would vanish: bind those, or take them away, echo 0 > $pci/devices/$1/sriov_numvfs"
}

objection_lifeline() {
  local interface interfaces route='' session=''
  interfaces=$(for interface in $(interfaces_of "$1"); do stack_of "$interface"; done)
  for interface in $interfaces; do
    [[ $'\n'$default_interfaces$'\n' != *$'\n'"$interface"$'\n'* ]] || route='carries the default route'
    [[ -n $ssh_addresses ]] || continue
    ! grep -xFf <(addresses_on "$interface") <<<"$ssh_addresses" >/dev/null || session='carries an ssh session'
  done
  [[ -z $route$session ]] || say "$route${route:+${session:+ and }}$session"
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
  dpdk=${dpdk_driver[$driver]:-}
  interface=$(interfaces_of "$1")
  interface=${interface//$'\n'/,}
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
    why=$(objection_stack "$1" && objection_functions "$1" && objection_iommu "$1" && objection_group "$1")
    [[ -n $dpdk ]] || why="DPDK has no driver for what $driver drives"
    why=${why:-scripts/nic bind $interface would give it to $dpdk}
    say "kernel${tab}af_xdp or af_packet on $interface: ${why//$'\n'/ }"
  fi
}
