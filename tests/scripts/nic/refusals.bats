#!/usr/bin/env bats
# shellcheck disable=SC2154 # what helpers.bash sets
# What scripts/nic refuses: with one sentence that names the thing and the remedy, before any change.

load helpers

@test "the NIC of the default route is refused" {
  refuses 'carries the default route' bind eth0
}

@test "once told to cut itself off is not enough" {
  refuses 'give --yes-cut-me-off twice' bind --yes-cut-me-off eth0
}

@test "twice told to cut itself off is enough, and the default route comes back" {
  nic bind --yes-cut-me-off --yes-cut-me-off eth0
  [[ $(driver_of 0000:06:00.0) == vfio-pci ]]
  nic undo
  is_as_before
}

@test "the NIC of this ssh session is refused" {
  SSH_CONNECTION='198.51.100.1 5000 192.0.2.8 22' refuses 'carries an ssh session' bind eth6
}

@test "the NIC of anybody's ssh session is refused" {
  echo '0 0 [::ffff:192.0.2.8]:2222 [::ffff:198.51.100.1]:5000 users:(("sshd",pid=7,fd=4))' >"$MUSTER_NIC_ROOT/ss"
  tree >"$BATS_TEST_TMPDIR/before"
  refuses 'carries an ssh session' bind eth6
}

@test "an ssh session elsewhere is no reason" {
  SSH_CONNECTION='198.51.100.1 5000 192.0.2.8 22' run nic bind --dry-run eth1
  [[ $status == 0 ]]
}

@test "the default route counts on a bridge above the NIC, too" {
  mkdir -p "$MUSTER_NIC_ROOT/sys/class/net/br0"
  ln -s "$MUSTER_NIC_ROOT/sys/class/net/br0" "$devices/0000:03:00.0/net/eth1/upper_br0"
  sed -i 's/"eth0": {/"br0": {/' "$MUSTER_NIC_ROOT/network.json"
  run nic status --json
  [[ $(jq -r '.[] | select(.name == "eth1") | .why' <<<"$output") == 'carries the default route' ]]
}

@test "a NIC that is a part of something else is refused" {
  mkdir -p "$MUSTER_NIC_ROOT/sys/class/net/bond0"
  ln -s "$MUSTER_NIC_ROOT/sys/class/net/bond0" "$devices/0000:03:00.0/net/eth1/upper_bond0"
  tree >"$BATS_TEST_TMPDIR/before"
  refuses 'eth1 carries bond0: take it out of there first' bind eth1
}

@test "a NIC of several interfaces is refused" {
  cp -a "$devices/0000:03:00.0/net/eth1" "$devices/0000:03:00.0/net/eth8"
  tree >"$BATS_TEST_TMPDIR/before"
  refuses 'has several interfaces' bind 03:00.0
}

@test "a NIC with virtual functions is refused, as they would vanish" {
  echo 4 >"$devices/0000:03:00.0/sriov_numvfs"
  tree >"$BATS_TEST_TMPDIR/before"
  refuses 'has 4 virtual functions, which would vanish: bind those, or take them away, echo 0 >' bind eth1
  echo 0 >"$devices/0000:03:00.0/sriov_numvfs"
  nic bind eth1
}

@test "a NIC whose IOMMU group would pull in another is refused, and the other named" {
  refuses 'IOMMU group 5 would pull in 0000:05:00.1 (igb)' bind eth3
}

@test "the NICs of one IOMMU group can be bound together" {
  nic bind eth3 eth4
  [[ $(driver_of 0000:05:00.0) == vfio-pci && $(driver_of 0000:05:00.1) == vfio-pci ]]
}

@test "a bridge in the IOMMU group is no reason" {
  run nic bind --dry-run eth1
  [[ $status == 0 ]]
}

@test "mlx5 is refused: it needs no bind" {
  refuses 'not needed: DPDK shares it with the kernel; give muster its name, 0000:04:00.0' bind eth2
}

@test "without an IOMMU bind is refused, with the kernel's parameter for this processor" {
  rm "$devices/0000:03:00.0/iommu_group"
  tree >"$BATS_TEST_TMPDIR/before"
  refuses 'add intel_iommu=on iommu=pt' bind eth1
  refuses '--no-iommu' bind eth1
  echo 'vendor_id : AuthenticAMD' >"$MUSTER_NIC_ROOT/proc/cpuinfo"
  tree >"$BATS_TEST_TMPDIR/before"
  refuses 'add amd_iommu=on iommu=pt' bind eth1
}

@test "a group that vfio made up is no IOMMU" {
  echo vfio-noiommu >"$MUSTER_NIC_ROOT/sys/kernel/iommu_groups/1/name"
  tree >"$BATS_TEST_TMPDIR/before"
  refuses 'there is no IOMMU' bind eth1
}

@test "when one of several NICs is refused, none is bound" {
  refuses 'carries the default route' bind eth1 eth0
}

@test "a NIC that somebody else bound is not unbound" {
  modprobe vfio-pci
  echo vfio-pci | tee "$devices/0000:07:00.0/driver_override"
  echo 0000:07:00.0 | tee "$MUSTER_NIC_ROOT/sys/bus/pci/drivers/r8169/unbind"
  echo 0000:07:00.0 | tee "$MUSTER_NIC_ROOT/sys/bus/pci/drivers/vfio-pci/bind"
  tree >"$BATS_TEST_TMPDIR/before"
  forget_log
  refuses 'somebody else bound it' unbind 07:00.0
}

@test "without root every change is refused, with the remedy" {
  for command in prepare 'bind eth1' 'unbind eth1' undo; do
    # shellcheck disable=SC2086 # words
    MACHINE_UID=1000 refuses "sudo scripts/nic ${command%% *}" $command
  done
}

@test "what somebody else than root could have had remembered is not carried out" {
  local path command
  nic bind eth1
  tree >"$BATS_TEST_TMPDIR/before"
  forget_log
  for path in "$state/0000:03:00.0" "$state" "$MUSTER_NIC_ROOT/var"; do
    MACHINE_STAT="$path 0 775" refuses "others than root may change $path, and" undo
    MACHINE_STAT="$path 1000 755" refuses "others than root may change $path, and" undo
  done
  for command in prepare 'bind eth6' 'unbind eth1' 'tune eth6' 'untune eth6' persist forget; do
    # shellcheck disable=SC2086 # words
    MACHINE_STAT="$state 0 777" refuses "others than root may change $state, and" $command
  done
  MACHINE_STAT="$state 0 777" nic status
}

@test "what is remembered, and the unit, are root's alone to change, however new files are made here" {
  umask 0
  nic prepare
  nic bind eth1
  nic persist
  find "${state%/nic}" "$MUSTER_NIC_ROOT/etc/systemd/system/muster-nic.service" -perm /022 -print -exec false {} +
}

@test "a line of a kind that nothing changes is named, and nothing is carried out" {
  local command
  nic bind eth1
  printf 'bind\tby_ethtool\t-G\trings\n' >>"$state/0000:03:00.0"
  tree >"$BATS_TEST_TMPDIR/before"
  forget_log
  for command in undo 'unbind eth1' 'bind eth6'; do
    # shellcheck disable=SC2086 # words
    refuses "$state/0000:03:00.0 has a line of 'by_ethtool'" $command
  done
}

@test "status needs no root" {
  MACHINE_UID=1000 run nic status
  [[ $status == 0 ]]
}

@test "an unknown NIC is refused" {
  refuses "there is no NIC 'eth77'" bind eth77
}

@test "a MAC that several NICs have is refused" {
  echo 52:54:00:00:00:03 >"$devices/0000:07:00.0/net/eth5/address"
  tree >"$BATS_TEST_TMPDIR/before"
  refuses 'is more than one NIC: give one of the addresses 0000:03:00.0 0000:07:00.0' bind 52:54:00:00:00:03
}

@test "a wrong command line gets one sentence" {
  refuses 'say what to do'
  refuses "unknown command 'bnid'" bnid eth1
  refuses "unknown option '--no-iomu'" bind --no-iomu eth1
  refuses 'say which NIC' bind
  refuses "'eth1' is too much" undo eth1
  refuses 'is no size' prepare --hugepages-mb many
  refuses 'is no size' prepare --hugepages-mb
}

@test "a missing tool is named, with what installs it" {
  mkdir "$BATS_TEST_TMPDIR/few"
  for tool in bash dirname realpath ip ss; do ln -s "$(command -v "$tool")" "$BATS_TEST_TMPDIR/few"; done
  run env PATH="$BATS_TEST_TMPDIR/few" "$here/../../../scripts/nic" status
  [[ $status == 1 && $output == 'nic: jq is not installed: run scripts/setup --nic' ]]
}

@test "of two at the same time one waits" {
  exec 8<"$MUSTER_NIC_ROOT/sys/bus/pci"
  flock 8
  (sleep 1 && flock -u 8) 8<&8 &
  run nic bind eth1 8<&-
  [[ $status == 0 ]]
}
