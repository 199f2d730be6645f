#!/usr/bin/env bats
# shellcheck disable=SC2154 # what helpers.bash sets
# bind, unbind and undo: what they do, and that nothing stops them half-way.

load helpers

@test "bind gives a NIC to vfio-pci and says its name" {
  run nic bind eth1
  [[ $status == 0 ]]
  says 'give muster the name 0000:03:00.0'
  [[ $(driver_of 0000:03:00.0) == vfio-pci ]]
  [[ ! -e $MUSTER_NIC_ROOT/sys/class/net/eth1 ]]
}

@test "unbind gives back driver, name, MTU, addresses and routes" {
  nic prepare
  tree >"$BATS_TEST_TMPDIR/before"
  nic bind 0000:03:00.0
  run nic unbind eth1
  [[ $status == 0 ]]
  says '0000:03:00.0 is back with e1000e, as eth1'
  rm "$state"/machine && rmdir "$state"
  run is_as_before
  [[ $(grep -c '^[<>]' <<<"$output") == "$(grep -c 'var/lib/muster' <<<"$output")" ]]
}

@test "undo after bind leaves everything as it was" {
  nic bind eth1
  nic undo
  is_as_before
}

@test "undo gives back a NIC that was down, without taking it up" {
  nic bind eth3 eth4
  nic undo
  is_as_before
}

@test "undo gives back all NICs, in whatever order they were bound" {
  nic bind eth5
  nic bind eth1
  nic prepare
  nic undo
  is_as_before
}

@test "a NIC is known by its address, with and without domain, its name and its MAC" {
  for name in 0000:03:00.0 03:00.0 eth1 52:54:00:00:00:03; do
    run nic bind --dry-run "$name"
    [[ $status == 0 ]]
    says "/sys/bus/pci/devices/0000:03:00.0/driver_override"
  done
}

@test "a bound NIC is known by the name and the MAC it had" {
  nic bind eth1
  run nic unbind --dry-run 52:54:00:00:00:03
  [[ $status == 0 ]]
  says "/sys/bus/pci/drivers/e1000e/bind"
}

@test "a second bind changes nothing and says so" {
  nic bind eth1
  tree >"$BATS_TEST_TMPDIR/before"
  forget_log
  run nic bind eth1
  [[ $status == 0 ]]
  says 'bound to vfio-pci already'
  nothing_was_done
}

@test "unbind of a NIC that is not bound says so" {
  run nic unbind eth1
  [[ $status == 0 ]]
  says 'not bound'
  nothing_was_done
}

@test "a NIC that a process has open is not waited for: unbind and undo say whose it is" {
  local open command
  nic bind eth1
  mkdir -p "$MUSTER_NIC_ROOT"/proc/{4711,4712}/fd "$devices/0000:03:00.0/vfio-dev/vfio3"
  ln -s /dev/vfio/devices/vfio4 "$MUSTER_NIC_ROOT/proc/4712/fd/9" # of another NIC
  forget_log
  for open in /dev/vfio/1 /dev/vfio/noiommu-1 /dev/vfio/devices/vfio3; do
    ln -sfn "$open" "$MUSTER_NIC_ROOT/proc/4711/fd/9"
    for command in 'unbind 0000:03:00.0' undo; do
      # shellcheck disable=SC2086 # words
      run nic $command
      [[ $status == 1 ]]
      says 'not 0000:03:00.0: the process 4711 has it, or its IOMMU group, open: end that first'
      [[ $(driver_of 0000:03:00.0) == vfio-pci && ! -e $BATS_TEST_TMPDIR/log ]]
    done
  done
  rm -r "$MUSTER_NIC_ROOT"/proc/{4711,4712} "$devices/0000:03:00.0/vfio-dev"
  nic undo
  is_as_before
}

@test "undo with nothing to undo says so" {
  run nic undo
  [[ $status == 0 ]]
  [[ ${lines[0]} == 'nothing to undo' ]]
  nothing_was_done
}

@test "bind and undo can be killed, or fail, at each step" {
  survives bind eth1
}

@test "undo can be killed at each step, and be given again" {
  nic prepare
  nic bind eth1
  rm -rf "$BATS_TEST_TMPDIR/kept"
  cp -a "$MUSTER_NIC_ROOT" "$BATS_TEST_TMPDIR/kept"
  for how in dies fails; do
    for ((at = 1; ; at += ${NIC_STRIDE:-1})); do
      begin_again
      MACHINE_STOP=$at MACHINE_STOP_HOW=$how nic undo || true
      (($(wc -l <"$BATS_TEST_TMPDIR/log") >= at)) || break
      nic undo
      is_as_before
    done
    ((at > 10))
  done
}

@test "a NIC that vfio-pci refuses is given back at once" {
  MACHINE_FAILS=vfio-pci/bind run nic bind eth1
  [[ $status == 1 ]]
  says 'giving it back'
  [[ $(driver_of 0000:03:00.0) == e1000e ]]
  nic undo
  is_as_before
}

@test "a route that the kernel refuses keeps nothing else from coming back, and is not forgotten" {
  nic bind eth1
  MACHINE_FAILS='route add 10.8' run nic undo
  [[ $status == 1 ]]
  says 'not all could be given back'
  [[ $(driver_of 0000:03:00.0) == e1000e ]]
  grep -q '"-4 10.9.0.0/16 via 10.1.0.253"' "$MUSTER_NIC_ROOT/network.json"
  nic undo
  is_as_before
}

@test "the state file is readable and says what was there" {
  nic bind eth1
  grep -qP '^bind\tdriver\t0000:03:00.0\te1000e$' "$state/0000:03:00.0"
  grep -qP '^bind\tmtu\teth1\t9000$' "$state/0000:03:00.0"
  grep -qP '^bind\troute\teth1\t-4 10.9.0.0/16 via 10.1.0.253$' "$state/0000:03:00.0"
}

@test "what cannot be written down leaves what was remembered as it was" {
  nic bind eth1
  cp "$state/0000:03:00.0" "$BATS_TEST_TMPDIR/remembered"
  ln -s /dev/full "$state/0000:03:00.0.new"
  run nic unbind eth1
  [[ $status == 1 ]]
  says "cannot write $state/0000:03:00.0"
  diff "$BATS_TEST_TMPDIR/remembered" "$state/0000:03:00.0"
  rm "$state/0000:03:00.0.new"
  nic undo
  is_as_before
}

@test "what is remembered from before a reboot is not given back: the reboot has undone it" {
  nic bind eth1
  cp -a "$state" "$BATS_TEST_TMPDIR/state"
  nic undo
  mkdir -p "$state" && cp -a "$BATS_TEST_TMPDIR/state/." "$state"
  reboot
  tree >"$BATS_TEST_TMPDIR/before"
  forget_log
  run nic undo
  [[ $status == 0 && ${lines[0]} == 'nothing to undo' && ! -e $state && ! -e $BATS_TEST_TMPDIR/log ]]
}

@test "vfio-pci stays loaded while it drives a NIC of somebody else" {
  nic bind eth1
  echo vfio-pci | tee "$devices/0000:07:00.0/driver_override"
  echo 0000:07:00.0 | tee "$MUSTER_NIC_ROOT/sys/bus/pci/drivers/r8169/unbind"
  echo 0000:07:00.0 | tee "$MUSTER_NIC_ROOT/sys/bus/pci/drivers/vfio-pci/bind"
  run nic undo
  [[ $status == 0 ]]
  says 'stays: it drives 0000:07:00.0'
  [[ $(driver_of 0000:07:00.0) == vfio-pci ]]
}

@test "bind with --no-iommu opens vfio, and undo closes it" {
  rm "$devices/0000:03:00.0/iommu_group"
  tree >"$BATS_TEST_TMPDIR/before"
  nic bind --no-iommu eth1
  [[ $(<"$MUSTER_NIC_ROOT/sys/module/vfio/parameters/enable_unsafe_noiommu_mode") == Y ]]
  nic undo
  is_as_before
  grep -q 'tee .*enable_unsafe_noiommu_mode' "$BATS_TEST_TMPDIR/log"
}

@test "a NIC that no driver of DPDK's is known for is bound with a warning" {
  run nic bind eth5
  [[ $status == 0 ]]
  says "no driver of DPDK's is known for what r8169 drives"
}

@test "a dry run of bind prints the steps, needs no root, and changes nothing" {
  MACHINE_UID=1000 run nic bind --dry-run eth1
  [[ $status == 0 ]]
  says 'modprobe vfio-pci'
  says 'ip link set dev eth1 down'
  says "echo '0000:03:00.0' > $MUSTER_NIC_ROOT/sys/bus/pci/drivers/vfio-pci/bind"
  nothing_was_done
}

@test "a dry run of undo prints the steps and changes nothing" {
  nic bind eth1
  tree >"$BATS_TEST_TMPDIR/before"
  forget_log
  run nic undo --dry-run
  [[ $status == 0 ]]
  says "echo '0000:03:00.0' > $MUSTER_NIC_ROOT/sys/bus/pci/drivers/e1000e/bind"
  says 'ip -4 route add 10.9.0.0/16 via 10.1.0.253 dev eth1'
  says 'modprobe -r vfio-pci'
  nothing_was_done
}
