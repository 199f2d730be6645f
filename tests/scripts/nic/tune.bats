#!/usr/bin/env bats
# shellcheck disable=SC2154 # what helpers.bash sets
# tune and untune: a NIC that stays with the kernel.

load helpers

ethernet() { jq -r ".$1 | .rings, .coalescing" "$MUSTER_NIC_ROOT/network.json" | paste -sd ' '; }
governor() { cat "$MUSTER_NIC_ROOT/sys/devices/system/cpu/cpufreq/policy0/scaling_governor"; }

@test "tune has the longest rings, interrupts at once, away from isolated cores, and awake cores" {
  run nic tune eth1
  [[ $status == 0 ]]
  [[ $(ethernet eth1) == 'rx 4096 tx 4096 adaptive-rx off rx-usecs 0' ]]
  [[ $(<"$MUSTER_NIC_ROOT/proc/irq/24/smp_affinity_list") == 0-2 ]]
  [[ $(governor) == performance ]]
}

@test "tune keeps interrupts off the cores that it is told" {
  nic tune --cores 0-1 eth1
  [[ $(<"$MUSTER_NIC_ROOT/proc/irq/25/smp_affinity_list") == 2 ]]
}

@test "tune leaves interrupts where they are when no core is special" {
  echo >"$MUSTER_NIC_ROOT/sys/devices/system/cpu/isolated"
  run nic tune eth1
  says 'interrupts stay where they are'
  [[ $(<"$MUSTER_NIC_ROOT/proc/irq/24/smp_affinity_list") == 0-3 ]]
}

@test "tune is refused when it leaves no core for interrupts" {
  refuses 'leave none for interrupts' tune --cores 0-2 eth1
  refuses "'5-2' is no list of cores" tune --cores 5-2 eth1
}

@test "what a driver does not offer is said, and skipped" {
  run nic tune eth3
  [[ $status == 0 ]]
  says '0000:05:00.0: longest rings: not offered, skipped'
  says '0000:05:00.0: interrupts at once: not offered, skipped'
}

@test "an interface that is down has no interrupts yet, which is said" {
  ip link set dev eth1 down
  run nic tune eth1
  [[ $status == 0 ]]
  says 'it is down, and has none: skipped'
}

@test "what a driver refuses is said, skipped and not remembered" {
  MACHINE_FAILS='ethtool -C' run nic tune eth1
  [[ $status == 0 ]]
  says '0000:03:00.0: interrupts at once: refused, skipped'
  [[ $(ethernet eth1) == 'rx 4096 tx 4096 adaptive-rx on rx-usecs 3' ]]
  [[ $(<"$state/0000:03:00.0") != *coalescing* ]]
}

@test "what is refused is no change" {
  echo >"$MUSTER_NIC_ROOT/sys/devices/system/cpu/isolated"
  rm -r "$MUSTER_NIC_ROOT/sys/devices/system/cpu/cpufreq"
  MACHINE_FAILS='ethtool' run nic tune eth1
  [[ $status == 0 ]]
  says 'interrupts at once: refused, skipped'
  says 'changed: nothing'
}

@test "a second tune changes nothing and says so" {
  nic tune --cores 0 eth1
  tree >"$BATS_TEST_TMPDIR/before"
  run nic tune --cores 0 eth1
  says 'changed: nothing'
  is_as_before
}

@test "untune gives all of it back, the governors with the last NIC" {
  nic tune eth1 eth6
  nic untune eth1
  [[ $(ethernet eth1) == 'rx 256 tx 256 adaptive-rx on rx-usecs 3' && $(governor) == performance ]]
  nic untune eth6
  is_as_before
}

@test "what cannot be given back keeps nothing else, is remembered, and goes back with the next untune" {
  nic tune eth1
  MACHINE_FAILS='ethtool -C' run nic untune eth1
  [[ $status == 1 ]]
  says 'could not be untuned'
  [[ $(ethernet eth1) == 'rx 256 tx 256 adaptive-rx off rx-usecs 0' ]]
  [[ $(<"$MUSTER_NIC_ROOT/proc/irq/24/smp_affinity_list") == 0-3 ]]
  nic untune eth1
  is_as_before
}

@test "untune of a NIC that is not tuned says so" {
  run nic untune eth1
  says 'not tuned'
  nothing_was_done
}

@test "undo gives back what was tuned" {
  nic tune --cores 0 eth1
  nic undo
  is_as_before
}

@test "bind of a tuned NIC untunes it first, so that unbind and undo leave all as it was" {
  nic tune eth1
  nic bind eth1
  nic unbind eth1
  [[ $(ethernet eth1) == 'rx 256 tx 256 adaptive-rx on rx-usecs 3' ]]
  nic undo
  is_as_before
}

@test "an interrupt that is another device's by now is left alone" {
  nic tune eth1
  rm "$devices/0000:03:00.0/msi_irqs/24"
  nic untune eth1
  [[ $(<"$MUSTER_NIC_ROOT/proc/irq/24/smp_affinity_list") == 0-2 ]]
}

@test "a NIC that DPDK has is not tuned" {
  nic bind eth1
  tree >"$BATS_TEST_TMPDIR/before"
  forget_log
  refuses "DPDK's own driver needs none of this" tune eth1
}

# each_stop COMMAND...: from a copy of the machine, it is killed after each of its changes, or the change fails;
# `untune` then has everything back as it was.
each_stop() {
  rm -rf "$BATS_TEST_TMPDIR/kept"
  cp -a "$MUSTER_NIC_ROOT" "$BATS_TEST_TMPDIR/kept"
  for how in dies fails; do
    for ((at = 1; ; at += ${NIC_STRIDE:-1})); do
      begin_again
      MACHINE_STOP=$at MACHINE_STOP_HOW=$how nic "$@" || true
      (($(wc -l <"$BATS_TEST_TMPDIR/log") >= at)) || break
      nic untune eth1
      is_as_before
    done
    ((at > 10))
  done
}

@test "tune can be killed, or fail, at each step" { each_stop tune eth1; }

@test "untune can be killed, or fail, at each step" {
  nic tune eth1
  each_stop untune eth1
}

@test "a dry run of tune prints the steps, needs no root, and changes nothing" {
  MACHINE_UID=1000 run nic tune --dry-run eth1
  [[ $status == 0 ]]
  says 'ethtool -G eth1 rx 4096 tx 4096'
  says '# would change: 6 steps'
  nothing_was_done
}
