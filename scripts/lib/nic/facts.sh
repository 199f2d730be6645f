# What there is, read from sysfs, procfs and the kernel's network tables. Changes nothing. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034 # the parts share variables

root=${MUSTER_NIC_ROOT:-} # before /sys, /proc, /dev, /var and /etc: the tests' own tree
pci=$root/sys/bus/pci

need_tool() { command -v "$1" >/dev/null || fail "$1 is not installed: run scripts/setup --nic"; }
need_tools() {
  local tool
  for tool in ip ss jq column modprobe flock; do need_tool "$tool"; done
  [[ -d $pci/devices ]] || fail "this machine has no PCI bus ($pci)"
}

# The first line of a file; nothing where the kernel has nothing to say.
value_of() {
  local value=
  read -r value <"$1" || true
  printf '%s\n' "$value"
} 2>/dev/null

# target_of LINK DEFAULT: the name of the folder that a symbolic link points to. Without another program,
# as it is asked often.
target_of() (
  if cd -P "$1" 2>/dev/null; then printf '%s\n' "${PWD##*/}"; else printf '%s\n' "$2"; fi
)

# way_to PATH: what there is of it and the folders above it; of a link, too, where it leads.
way_to() {
  local path=$1 link
  while [[ -n $path ]]; do
    if [[ -L $path ]]; then
      link=$(readlink "$path")
      [[ $link == /* ]] || link=${path%/*}/$link
      way_to "$link"
    elif [[ -e $path ]]; then
      printf '%s\n' "$path"
    fi
    path=${path%/*}
  done
  echo /
}

# open_to_others PATH...: what others than root may change on the ways there; the first of it, or nothing.
open_to_others() {
  local path owner mode all ways
  mapfile -t ways < <(for path; do way_to "$path"; done | sort -u)
  all=$(stat -c '%u %a %n' "${ways[@]}") || exit
  while read -r owner mode path; do
    ((owner == 0 && (8#$mode & 8#22) == 0)) || { say "$path" && return; }
  done <<<"$all"
}

all_nics() {
  local device class
  for device in "$pci"/devices/*; do
    read -r class 2>/dev/null <"$device/class" || continue
    [[ $class != 0x02* ]] || printf '%s\n' "${device##*/}"
  done
}

driver_of() { target_of "$pci/devices/$1/driver" none; }
given_to_dpdk() { [[ $(driver_of "$1") == vfio-pci ]]; }

# The kernel's interfaces of a NIC; virtio has them one device further down.
interfaces_of() {
  local interface
  for interface in "$pci/devices/$1"/{net,virtio*/net}/*; do
    [[ ! -e $interface ]] || printf '%s\n' "${interface##*/}"
  done
}

mac_of() { value_of "$root/sys/class/net/$1/address"; }
mtu_of() { value_of "$root/sys/class/net/$1/mtu"; }

is_up() {
  local flags
  flags=$(value_of "$root/sys/class/net/$1/flags")
  ((${flags:-0} & 1))
}

node_of() {
  local node
  node=$(value_of "$pci/devices/$1/numa_node")
  [[ $node == -1 ]] || printf '%s\n' "$node"
}

# "up, 10000 Mb/s", "no cable", "down".
link_of() {
  local speed
  if ! is_up "$1"; then
    echo down
  elif [[ $(value_of "$root/sys/class/net/$1/carrier") != 1 ]]; then
    echo 'no cable'
  else
    speed=$(value_of "$root/sys/class/net/$1/speed")
    ((${speed:--1} <= 0)) || speed=", $speed Mb/s"
    printf 'up%s\n' "${speed#-1}"
  fi
}

# The number of a NIC's IOMMU group. A group that vfio made up, for want of an IOMMU, is none.
group_of() {
  local link=$pci/devices/$1/iommu_group
  [[ ! -e $link || $(value_of "$link/name") == vfio-noiommu ]] || target_of "$link" ''
}

has_iommu() { compgen -G "$root/sys/class/iommu/*" >/dev/null; }

iommu_remedy() {
  local parameter='intel_iommu=on iommu=pt (Intel) or amd_iommu=on iommu=pt (AMD)'
  ! grep -q GenuineIntel "$root/proc/cpuinfo" || parameter='intel_iommu=on iommu=pt'
  ! grep -q AuthenticAMD "$root/proc/cpuinfo" || parameter='amd_iommu=on iommu=pt'
  printf '%s\n' "add $parameter to the kernel's command line and reboot (its firmware may have to allow VT-d or AMD-Vi)"
}

# An interface and all that stands on it: bridges, bonds, VLANs.
stack_of() {
  local upper
  printf '%s\n' "$1"
  for upper in "$root/sys/class/net/$1"/upper_*; do
    [[ ! -e $upper ]] || stack_of "${upper##*/upper_}"
  done
}

# What must not be cut: looked for once, before the NICs are asked about it.
find_lifelines() {
  default_interfaces=$(default_interfaces)
  ssh_addresses=$(ssh_addresses)
}

# The interfaces that carry a default route, of whatever table: the word behind each "dev".
default_interfaces() {
  { ip -o -4 route show table all default && ip -o -6 route show table all default; } |
    tr ' ' '\n' | sed -n '/^dev$/{n;p}'
}

# The local addresses of ssh sessions: of this one, and of all that sshd holds.
ssh_addresses() {
  local -a this
  read -ra this <<<"${SSH_CONNECTION:-}"
  {
    printf '%s\n' "${this[2]:-}"
    ss -Htnp state established | awk '/"sshd/ || $3 ~ /:22$/ {sub(/:[0-9]+$/, "", $3); print $3}'
  } | sed 's/[][]//g; s/^::ffff:\(.*\..*\)/\1/; s/%.*//; /^$/d'
}

addresses_on() { ip -j addr show dev "$1" | jq -r '.[].addr_info[]?.local'; }

# resolve NIC: its PCI address, from this, an interface's name or a MAC address; of a NIC that has
# been taken from the kernel, from what is remembered.
resolve() {
  local wanted=${1,,} mac='' nic interface found=()
  if [[ $wanted == *=* ]]; then mac=${wanted#*=} wanted=${wanted%%=*}; fi
  while read -r nic; do
    if [[ $nic == "$wanted" || $nic == "0000:$wanted" ]]; then
      found=("$nic")
      break
    fi
    for interface in $(interfaces_of "$nic") $(former_name "$nic"); do
      [[ $interface != "$1" && $(mac_of "$interface") != "$wanted" ]] || found+=("$nic")
    done
    [[ $(former_mac "$nic") != "$wanted" ]] || found+=("$nic")
  done < <(all_nics)
  mapfile -t found < <(printf '%s\n' "${found[@]}" | sort -u | sed '/^$/d')
  ((${#found[@]} > 0)) || fail "there is no NIC '$1': scripts/nic status lists them"
  ((${#found[@]} == 1)) || fail "'$1' is more than one NIC: give one of the addresses ${found[*]}"
  if [[ -n $mac ]]; then
    interface=$(interfaces_of "${found[0]}")
    interface=$(if [[ -n $interface ]]; then mac_of "$interface"; else former_mac "${found[0]}"; fi)
    [[ $interface == "$mac" ]] ||
      fail "not ${found[0]}: its MAC is ${interface:-unknown} and not $mac: the bus counts otherwise now, or another NIC is there; set it up anew, and scripts/nic persist"
  fi
  printf '%s\n' "${found[0]}"
}
