#!/usr/bin/env bats
# shellcheck disable=SC2154 # what helpers.bash sets
# status and prepare.

load helpers

# why NIC: what muster would do with it, and why.
verdict() { jq -r --arg nic "$1" '.[] | select(.address == $nic) | "\(.muster): \(.why)"' <<<"$output"; }

@test "status shows a row for each NIC" {
  run nic status
  [[ $status == 0 && ${#lines[@]} == 8 ]]
  [[ ${lines[0]} == ADDRESS*NAME*MAC*DRIVER*NODE*LINK*IOMMU*MUSTER*WHY ]]
  [[ ${lines[1]} == '0000:03:00.0'*eth1*52:54:00:00:00:03*e1000e*0*'up, 1000 Mb/s'*1*kernel* ]]
}

@test "status says what muster would do, and why" {
  run nic status --json
  [[ $(verdict 0000:03:00.0) == 'kernel: af_xdp or af_packet on eth1: scripts/nic bind eth1 would give it to net_e1000_em' ]]
  [[ $(verdict 0000:04:00.0) == 'shared: as 0000:04:00.0, beside the kernel: net_mlx5 needs no bind' ]]
  [[ $(verdict 0000:05:00.0) == 'kernel: af_xdp or af_packet on eth3: IOMMU group 5 would pull in 0000:05:00.1 (igb)'* ]]
  [[ $(verdict 0000:06:00.0) == 'nothing: carries the default route' ]]
  [[ $(verdict 0000:07:00.0) == 'kernel: af_xdp or af_packet on eth5: DPDK has no driver for what r8169 drives' ]]
}

@test "status shows a bound NIC with the name it had" {
  nic bind eth1
  run nic status --json
  [[ $(verdict 0000:03:00.0) == 'vfio: its own driver, as 0000:03:00.0; was eth1 of e1000e' ]]
  [[ $(jq -r '.[0] | .name, .mac, .driver, .link' <<<"$output" | paste -sd ' ') == 'eth1 52:54:00:00:00:03 vfio-pci null' ]]
}

@test "status in JSON has numbers where they are numbers" {
  run nic status --json
  [[ $(jq -c '.[0] | [.node, .iommu_group]' <<<"$output") == '[0,1]' ]]
}

@test "status tells how to get an IOMMU where there is none" {
  rm -r "$MUSTER_NIC_ROOT/sys/class/iommu" "$devices"/*/iommu_group
  run nic status
  says 'no IOMMU: add intel_iommu=on'
  says 'af_xdp or af_packet on eth1: there is no IOMMU'
}

@test "status shows a NIC that is between two drivers" {
  echo 0000:03:00.0 | tee "$MUSTER_NIC_ROOT/sys/bus/pci/drivers/e1000e/unbind"
  run nic status --json
  [[ $(verdict 0000:03:00.0) == 'nothing: neither vfio-pci nor an interface of the kernel has it' ]]
}

@test "status changes nothing" {
  nic status
  nothing_was_done
}

@test "prepare reserves pages on each node, mounts, and loads vfio-pci" {
  run nic prepare
  [[ $status == 0 ]]
  says 'node0: 512 MB of hugepages'
  says 'node1: 512 MB of hugepages'
  says 'there is an IOMMU: bind a NIC'
  grep -q "^hugetlbfs $MUSTER_NIC_ROOT/dev/hugepages hugetlbfs" "$MUSTER_NIC_ROOT/proc/mounts"
  [[ -e $MUSTER_NIC_ROOT/sys/module/vfio_pci ]]
}

@test "undo after prepare leaves everything as it was" {
  nic prepare --hugepages-mb 64
  nic undo
  is_as_before
}

@test "prepare leaves what is enough alone, and undo too" {
  echo 1000 >"$MUSTER_NIC_ROOT/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages"
  echo 'hugetlbfs /dev/hugepages hugetlbfs rw 0 0' >>"$MUSTER_NIC_ROOT/proc/mounts"
  modprobe vfio-pci
  tree >"$BATS_TEST_TMPDIR/before"
  run nic prepare
  says 'node0: 2000 MB of hugepages'
  nic undo
  is_as_before
}

@test "a second prepare keeps in mind how it was at first" {
  nic prepare --hugepages-mb 64
  nic prepare --hugepages-mb 128
  nic undo
  is_as_before
}

@test "prepare and undo can be killed, or fail, at each step" {
  survives prepare --hugepages-mb 64
}

@test "prepare says when a node gives fewer pages than asked for" {
  pages=$MUSTER_NIC_ROOT/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages
  rm "$pages" && ln -s /dev/null "$pages"
  run nic prepare
  [[ $status == 1 ]]
  says 'node1 gave 0 of 512 MB of hugepages'
}

@test "prepare without an IOMMU says how to get one" {
  rm -r "$MUSTER_NIC_ROOT/sys/class/iommu"
  run nic prepare
  [[ $status == 0 ]]
  says 'add intel_iommu=on iommu=pt'
}

@test "a dry run of prepare prints the steps, needs no root, and changes nothing" {
  MACHINE_UID=1000 run nic prepare --dry-run
  [[ $status == 0 ]]
  says "echo '256' > $MUSTER_NIC_ROOT/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages"
  says 'modprobe vfio-pci'
  nothing_was_done
}
