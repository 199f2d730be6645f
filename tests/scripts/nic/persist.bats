#!/usr/bin/env bats
# shellcheck disable=SC2154 # what helpers.bash sets
# persist and forget, and the line that says what was changed.

load helpers

unit() { cat "$MUSTER_NIC_ROOT/etc/systemd/system/muster-nic.service"; }

# at_boot: runs what the unit would; a failure behind `-` is none.
at_boot() {
  local line words
  while read -r line; do
    line=${line#ExecStart=}
    eval "words=(${line#-})"
    setsid --wait "${words[@]}" || [[ $line == -* ]] || return
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

# There is another NIC in the slot of the one that was bound.
fails_for_another_nic_at_boot() {
  nic bind eth1
  nic persist
  boot_again
  echo 52:54:00:00:00:77 >"$devices/0000:03:00.0/net/eth1/address"
  run at_boot
  [[ $status == 1 ]]
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
  unit | grep -q '^After=.* dev-hugepages.mount .* systemd-sysctl.service '
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

@test "too few hugepages at boot keep no NIC from being bound, and are asked for by the next persist all the same" {
  nic prepare --hugepages-mb 64
  nic bind eth1
  nic persist
  boot_again
  MACHINE_FAILS=nr_hugepages run at_boot
  [[ $status == 0 ]]
  says "could not write '32'"
  [[ $(driver_of 0000:03:00.0) == vfio-pci ]]
  run nic persist
  says 'does this already'
}

@test "a NIC that cannot be bound at boot leaves the others their memory" {
  nic prepare --hugepages-mb 64
  fails_for_another_nic_at_boot
  [[ $(<"$MUSTER_NIC_ROOT/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages") == 32 ]]
}

@test "persist after a boot that prepared nothing asks for as much memory as the unit does" {
  nic prepare --hugepages-mb 64
  nic bind eth1
  nic persist
  boot_again
  nic bind eth6
  nic persist
  unit | grep -qx 'ExecStart=-".*/scripts/nic" prepare --hugepages-mb 64'
  nic prepare --hugepages-mb 32
  nic persist
  unit | grep -qx 'ExecStart=-".*/scripts/nic" prepare --hugepages-mb 32'
}

@test "prepare mounts hugetlbfs and loads vfio-pci, though there are too few pages" {
  MACHINE_FAILS=nr_hugepages run nic prepare
  [[ $status == 1 && -e $MUSTER_NIC_ROOT/sys/module/vfio_pci ]]
  grep hugetlbfs "$MUSTER_NIC_ROOT/proc/mounts"
  nic undo
  is_as_before
}

@test "a node without memory is asked for no pages, and persist asks for as many as prepare did, and no zero" {
  local nodes=$MUSTER_NIC_ROOT/sys/devices/system/node
  echo 'Node 0 MemTotal:       16384 kB' >"$nodes/node0/meminfo"
  echo 'Node 1 MemTotal:       0 kB' >"$nodes/node1/meminfo"
  nic prepare --hugepages-mb 32
  nic prepare --hugepages-mb 64
  [[ $(<"$nodes/node1/hugepages/hugepages-2048kB/nr_hugepages") == 0 ]]
  echo 7 >"$nodes/node0/hugepages/hugepages-2048kB/nr_hugepages"
  nic persist
  [[ $(unit | grep ^ExecStart= | grep -o 'prepare.*') == 'prepare --hugepages-mb 64' ]]
}

@test "a bus that counts otherwise binds nothing wrong" {
  fails_for_another_nic_at_boot
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

@test "unbind takes a NIC out of the unit, and the unit away when nothing is left in it" {
  nic bind eth1
  nic bind eth6
  nic persist
  run nic unbind eth1
  says 'at boot muster-nic.service leaves 0000:03:00.0 with the kernel'
  unit | grep -qx 'ExecStart=".*/scripts/nic" bind 0000:08:00.0=52:54:00:00:00:08'
  run nic unbind eth6
  says 'a reboot leaves all NICs with the kernel'
  [[ ! -e $MUSTER_NIC_ROOT/etc/systemd/system/muster-nic.service ]]
}

@test "unbind of the last NIC leaves what else the unit does" {
  nic prepare --hugepages-mb 64
  nic bind eth1
  nic persist
  nic unbind eth1
  [[ $(unit | grep -c ^ExecStart=) == 1 ]]
  unit | grep -q 'prepare --hugepages-mb 64'
}

@test "a NIC that a failed boot has left with the kernel goes out of the unit by unbind, too" {
  nic bind eth1
  nic persist
  boot_again
  run nic unbind eth1
  says 'a reboot leaves all NICs with the kernel'
  [[ ! -e $MUSTER_NIC_ROOT/etc/systemd/system/muster-nic.service ]]
}

@test "persist says which NICs the unit had that are not bound now, and forgets what repeats nothing" {
  nic bind eth1
  nic persist
  boot_again
  nic bind eth6
  run nic persist
  says 'not at boot any more, as they are not bound now: 0000:03:00.0'
  boot_again
  run nic persist
  [[ $status == 0 ]]
  says 'not at boot any more, as they are not bound now: 0000:08:00.0'
  says 'nothing is left to repeat at boot'
  [[ ! -e $MUSTER_NIC_ROOT/etc/systemd/system/muster-nic.service ]]
}

@test "persist is refused where somebody else than root could change what the boot runs" {
  local file
  nic bind eth1
  tree >"$BATS_TEST_TMPDIR/before"
  forget_log
  for file in /scripts/nic /scripts/lib/nic/facts.sh /scripts/lib/common.sh /scripts ''; do
    file=$(realpath "$here/../../..")$file
    MACHINE_STAT="$file 0 775" refuses "others than root may change $file: copy it" persist
    MACHINE_STAT="$file 1000 755" refuses "others than root may change $file: copy it" persist
  done
  MACHINE_STAT="/ 0 777" refuses 'others than root may change /, and' persist
  MACHINE_DISK=nfs refuses "is on nfs, which is not there at boot: copy it, and scripts/lib, to root's /usr/local/lib/muster" persist
}

# linked_scripts: a copy that is reached by links, in folders that the test can give to others.
linked_scripts() {
  there=$(realpath "$BATS_TEST_TMPDIR")
  mkdir -p "$there"/{place,between,libs,muster}
  cp -a "$here/../../../scripts/nic" "$there/place/nic"
  cp -a "$here/../../../scripts/lib" "$there/libs/lib"
  ln -s ../libs/lib "$there/between/lib"
  ln -s "$there/between/lib" "$there/place/lib"
  ln -s ../place "$there/muster/scripts"
}

@test "the unit names the place that the links to the scripts lead to" {
  linked_scripts
  nic bind eth1
  MACHINE_STAT="$there/muster 1000 755" setsid --wait "$there/muster/scripts/nic" persist
  unit | grep -qx "ExecStart=\"$there/place/nic\" bind 0000:03:00.0=52:54:00:00:00:03"
  unit | grep -qx "RequiresMountsFor=\"$there/place/nic\" /var/lib /usr"
  boot_again
  rm "$there/muster/scripts"
  at_boot
  [[ $(driver_of 0000:03:00.0) == vfio-pci ]]
}

@test "persist is refused where somebody else than root could change a link on the way to what the boot runs" {
  local folder
  linked_scripts
  nic bind eth1
  for folder in place between between/../libs; do
    MACHINE_STAT="$there/$folder 1000 755" run setsid --wait "$there/muster/scripts/nic" persist
    [[ $status == 1 ]]
    says "others than root may change $there/$folder: copy it"
  done
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
  nic prepare --hugepages-mb 64
  nic persist
  run nic status
  says 'at boot: prepare --hugepages-mb 64'
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
