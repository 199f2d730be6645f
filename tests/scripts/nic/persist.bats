#!/usr/bin/env bats
# shellcheck disable=SC2154 # what helpers.bash sets
# persist and forget, and the line that says what was changed.

load helpers

unit() { cat "$MUSTER_NIC_ROOT/etc/systemd/system/muster-nic.service"; }

# at_boot: runs what the unit would.
at_boot() {
  local line words
  while read -r line; do
    eval "words=(${line#ExecStart=})"
    setsid --wait "${words[@]}" || return
  done < <(unit | grep ^ExecStart=)
}

# Everything as a reboot leaves it, but for what is on the disk.
boot_again() {
  cp -a "$MUSTER_NIC_ROOT/etc" "$BATS_TEST_TMPDIR/etc"
  cp -a "$state" "$BATS_TEST_TMPDIR/state"
  nic undo
  rm -r "${MUSTER_NIC_ROOT:?}/etc" && mv "$BATS_TEST_TMPDIR/etc" "$MUSTER_NIC_ROOT/etc"
  mkdir -p "$state" && cp -a "$BATS_TEST_TMPDIR/state/." "$state"
  reboot
}

@test "persist writes a unit that repeats what is prepared and bound, and enables it" {
  nic prepare --hugepages-mb 64
  nic bind eth3 eth4
  run nic persist
  [[ $status == 0 ]]
  says 'prepare --hugepages-mb 64; bind 0000:05:00.0=52:54:00:00:00:05 0000:05:00.1=52:54:00:00:01:05'
  [[ -L $MUSTER_NIC_ROOT/etc/systemd/system/multi-user.target.wants/muster-nic.service ]]
  unit | grep -qx 'Before=network-pre.target shutdown.target'
  unit | grep -qx 'Wants=network-pre.target'
}

@test "what the unit runs at boot prepares and binds again" {
  nic prepare --hugepages-mb 64
  nic bind eth1
  nic persist
  boot_again
  [[ $(driver_of 0000:03:00.0) == e1000e ]]
  at_boot
  [[ $(driver_of 0000:03:00.0) == vfio-pci ]]
  [[ $(<"$MUSTER_NIC_ROOT/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages") == 32 ]]
  run nic persist
  says 'does this already'
  nic undo
  reboot_is_back_to_the_first
}
reboot_is_back_to_the_first() {
  echo first-boot >"$MUSTER_NIC_ROOT/proc/sys/kernel/random/boot_id"
  is_as_before
}

@test "a bus that counts otherwise binds nothing wrong" {
  nic bind eth1
  nic persist
  boot_again
  echo 52:54:00:00:00:77 >"$devices/0000:03:00.0/net/eth1/address"
  run at_boot
  [[ $status == 1 ]]
  says 'not 0000:03:00.0: its MAC is 52:54:00:00:00:77 and not 52:54:00:00:00:03'
  [[ $(driver_of 0000:03:00.0) == e1000e ]]
}

@test "a NIC without an IOMMU is bound again without one" {
  rm "$devices/0000:03:00.0/iommu_group"
  nic bind --no-iommu eth1
  nic persist
  unit | grep -qx 'ExecStart=".*/scripts/nic" bind --no-iommu 0000:03:00.0=52:54:00:00:00:03'
}

@test "persist again, with nothing new, changes nothing; with something new, writes it" {
  nic bind eth1
  nic persist
  run nic persist
  says 'changed: nothing'
  nic prepare --hugepages-mb 64
  nic persist
  unit | grep -q 'prepare --hugepages-mb 64'
}

@test "persist can be killed at each step, and given again" {
  nic bind eth1
  for at in 1 2; do
    forget_log
    MACHINE_STOP=$at MACHINE_STOP_HOW=dies nic persist || true
    nic persist
    [[ -L $MUSTER_NIC_ROOT/etc/systemd/system/multi-user.target.wants/muster-nic.service ]]
    nic forget
  done
  nic undo
  is_as_before
}

@test "forget removes the unit, and again does nothing" {
  nic bind eth1
  tree >"$BATS_TEST_TMPDIR/before"
  nic persist
  nic forget
  is_as_before
  run nic forget
  [[ $status == 0 ]]
  says 'nothing is repeated at boot'
  says 'changed: nothing'
}

@test "undo forgets as well, even after a reboot" {
  nic bind eth1
  nic persist
  boot_again
  nic undo
  echo first-boot >"$MUSTER_NIC_ROOT/proc/sys/kernel/random/boot_id"
  is_as_before
}

@test "persist without anything to repeat is refused" {
  refuses 'nothing is prepared or bound' persist
}

@test "persist without systemd is refused, and a dry run says what to do instead" {
  nic bind eth1
  rm -r "$MUSTER_NIC_ROOT/run/systemd"
  tree >"$BATS_TEST_TMPDIR/before"
  forget_log
  refuses 'systemd does not run here' persist
  run nic persist --dry-run
  [[ $status == 0 ]]
  says 'scripts/nic" bind 0000:03:00.0=52:54:00:00:00:03'
  nothing_was_done
}

@test "status says what persists" {
  nic bind eth1
  nic persist
  run nic status
  says 'at boot: bind 0000:03:00.0=52:54:00:00:00:03'
  run nic status --json
  [[ $(jq -c 'map(.persists)' <<<"$output") == '[true,false,false,false,false,false,false]' ]]
}

@test "the unit is one that systemd takes" {
  nic bind eth1
  nic persist
  cp "$MUSTER_NIC_ROOT/etc/systemd/system/muster-nic.service" "$BATS_TEST_TMPDIR"
  run systemd-analyze verify --man=no "$BATS_TEST_TMPDIR/muster-nic.service"
  echo "$output"
  [[ $status == 0 && $output != *muster-nic* ]]
}

@test "the last line says how much was changed" {
  run nic bind eth1
  [[ ${lines[-1]} == 'changed: '*' steps' ]]
  run nic bind eth1
  [[ ${lines[-1]} == 'changed: nothing' ]]
  run nic bind --dry-run eth1
  [[ ${lines[-1]} == '# would change: nothing' ]]
  run nic prepare --dry-run
  [[ ${lines[-1]} == '# would change: '*' steps' ]]
}
