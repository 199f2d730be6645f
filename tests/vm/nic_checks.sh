# What scripts/nic does on a real kernel and real drivers, by name; tests/vm/checks says in which order.
# shellcheck shell=bash disable=SC2154 # shared with tests/vm/checks

devices=/sys/bus/pci/devices
first=0000:00:02.0 # the e1000e

# status_is JQ: what all rows of `status` are, by this filter.
status_is() {
  local rows
  rows=$(scripts/nic status --json)
  echo "$rows"
  jq -e "$1" <<<"$rows" >/dev/null
}

shows_three_nics() {
  status_is 'map([.name, .mac, .driver, .iommu_group != null, .muster]) == [
    ["eth0", "52:54:00:00:00:01", "e1000e", true, "kernel"],
    ["eth1", "52:54:00:00:00:02", "virtio-pci", true, "kernel"],
    ["eth2", "52:54:00:00:00:03", "vmxnet3", true, "kernel"]]'
}
shows_three_bound() { [[ $(scripts/nic status | grep -cE ' vfio-pci .* vfio  +its own driver') == 3 ]]; }

# All that an interface can lose, under a name that the kernel does not give it.
set_up_lan() {
  ip link set dev eth0 name lan0
  ip link set dev lan0 mtu 1400 up
  ip addr add 10.1.0.1/24 dev lan0
  ip addr add 10.1.0.2/24 dev lan0
  ip addr add fd01::1/64 dev lan0 nodad
  ip route add 10.9.0.0/16 via 10.1.0.254 metric 20
  ip route add fd09::/64 via fd01::9
  is_soon has_link_address
  lan >/tmp/lan.before
}
has_link_address() { [[ $(ip -6 addr show dev lan0 scope link) == *inet6* && $(ip -6 addr show dev lan0) != *tentative* ]]; }

lan() {
  (cd /sys/class/net/lan0 && grep . address mtu flags device/uevent)
  ip -o addr show dev lan0 | sed 's/^[0-9]*: //; s/\\.*//'
  ip -4 route show table all dev lan0
  ip -6 route show table all dev lan0
}
lan_is_as_before() { diff /tmp/lan.before <(lan); }

# is_soon COMMAND...: a link takes a while.
is_soon() {
  local deadline=$((SECONDS + 20))
  until "$@" >/tmp/soon 2>&1; do
    ((SECONDS < deadline)) || { cat /tmp/soon && return 1; }
    sleep 0.2
  done
}

refuses_the_default_route() {
  local said
  ip link set dev eth1 up
  ip addr add 10.2.0.1/24 dev eth1
  ip route add default via 10.2.0.254
  said=$(scripts/nic bind eth1 2>&1) && return 1
  echo "$said"
  [[ $said == *'carries the default route: to lose that, give --yes-cut-me-off twice' ]] || return
  [[ $(readlink "$devices/0000:00:03.0/driver") == */virtio-pci ]] || return
  ip addr flush dev eth1
  ip link set dev eth1 down
}

# Kills a bind, with all that it has started, between the two drivers.
is_undone_when_killed() {
  local group deadline=$((SECONDS + 60))
  setsid scripts/nic bind lan0 &
  group=$!
  while [[ -e /sys/class/net/lan0 ]]; do ((SECONDS < deadline)) || return; done
  kill -9 -- "-$group"
  wait "$group"
  scripts/nic undo || return
  is_soon lan_is_as_before
}

says_already_bound() { [[ $(scripts/nic bind "${nics[@]}" | grep -c 'bound to vfio-pci already') == 3 ]]; }

comes_back_alone() {
  scripts/nic unbind "$first" || return
  is_soon lan_is_as_before || return
  [[ $(readlink "$devices/0000:00:03.0/driver") == */vfio-pci ]]
}

has_pages() { [[ $(</proc/sys/vm/nr_hugepages) == "$1" ]]; }

gives_all_back() {
  scripts/nic undo || return
  shows_lan_and_two || return
  lan_is_as_before || return
  has_pages 0 && [[ ! -e /sys/module/vfio_pci && ! -e /var/lib/muster/nic ]] && ! grep hugetlbfs /proc/mounts
}
shows_lan_and_two() {
  local rows
  rows=$(scripts/nic status)
  echo "$rows"
  [[ $rows == *' lan0 '*' e1000e '*' eth1 '*' virtio-pci '*' eth2 '*' vmxnet3 '* ]]
}

# What tune may change of eth0.
tuning() {
  ethtool -g eth0
  ethtool -c eth0
  (cd "$devices/$first/msi_irqs" && for irq in *; do grep -H . "/proc/irq/$irq/smp_affinity_list"; done)
}

# The e1000e of QEMU offers rings; no interrupt can be spared where both cores are alike.
tunes_and_untunes() {
  local before
  ip link set dev eth0 up
  before=$(tuning)
  scripts/nic tune --cores 1 eth0 || return
  [[ $(ethtool -g eth0 | grep -c $'^[RT]X:\t*4096$') == 4 ]] || return
  (cd "$devices/$first/msi_irqs" && for irq in *; do [[ $(<"/proc/irq/$irq/smp_affinity_list") == 0 ]] || exit; done) || return
  scripts/nic untune eth0 || return
  diff <(echo "$before") <(tuning) || return
  [[ ! -e /var/lib/muster/nic ]] || return
  ip link set dev eth0 down
}

# systemd is not what this machine was started by: what its unit would run is run here, on a machine as a
# boot leaves it.
binds_again_at_boot() {
  local unit line words
  unit=$(scripts/nic persist --dry-run) || return
  echo "$unit"
  scripts/nic undo || return
  [[ -e /sys/class/net/lan0 ]] && has_pages 0 || return
  while read -r line; do
    eval "words=($line)"
    "${words[@]}" || return
  done < <(sed -n 's/^ExecStart=-*//p' <<<"$unit")
  [[ $(readlink "$devices/0000:00:03.0/driver") == */vfio-pci && $(readlink "$devices/$first/driver") == */e1000e ]] && has_pages 128
}
refuses_to_persist_without_systemd() {
  local said
  said=$(scripts/nic persist 2>&1) && return 1
  echo "$said"
  [[ $said == 'nic: systemd does not run here: '* ]]
}

left_no_file() { [[ -z $(find /dev/hugepages /run/dpdk /run/muster -mindepth 1 2>/dev/null) ]]; }

# A page has 2 MiB.
needs_a_page_more() {
  local said config=/tmp/more.toml
  printf '%s\n' 'name = "more"' 'cluster = "lab"' 'address = "10.77.0.9/24"' \
    "device = \"${nics[0]}\"" '[dpdk]' 'hugepages = true' 'memory_mb = 258' >$config
  said=$(timeout 20 "$MUSTER" node --config $config 2>&1 </dev/null) && return 1
  grep -F 'DPDK needs 258 MiB of free hugepages, and this machine has 256' <<<"$said"
}
