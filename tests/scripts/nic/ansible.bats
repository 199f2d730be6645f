#!/usr/bin/env bats
# shellcheck disable=SC2154 # what helpers.bash sets
# The Ansible role, on this machine's files and the fake machine's NICs.

load helpers

play() {
  cat >"$BATS_TEST_TMPDIR/play.yml" <<END
- hosts: localhost
  connection: local
  gather_facts: false
  environment: {PATH: "$PATH", MUSTER_NIC_ROOT: "$MUSTER_NIC_ROOT"}
  vars:
    muster_nic_folder: $BATS_TEST_TMPDIR/muster
    muster_nic_setup: false
    muster_nic_hugepages_mb: 64
    muster_nic_bind: ["52:54:00:00:00:03"]
    muster_nic_tune: [eth6]
    muster_nic_cores: "0"
  roles: [muster_nic]
END
  HOME=$BATS_TEST_TMPDIR ANSIBLE_ROLES_PATH=$here/../../../scripts/ansible/roles ANSIBLE_NOCOLOR=1 \
    ansible-playbook "$BATS_TEST_TMPDIR/play.yml" "$@" 2>&1
}
changed() { sed -n 's/.* changed=\([0-9]*\) .* failed=\([0-9]*\) .*/\1 changed, \2 failed/p' <<<"$output"; }

@test "the role sets up; again it changes nothing; a check tells what it would, and does nothing" {
  run play
  echo "$output"
  [[ $status == 0 && $(changed) == '3 changed, 0 failed' ]]
  [[ $(driver_of 0000:03:00.0) == vfio-pci ]]
  grep -q "muster/scripts/nic\" bind 0000:03:00.0=52:54:00:00:00:03" "$MUSTER_NIC_ROOT/etc/systemd/system/muster-nic.service"
  run play
  echo "$output"
  [[ $status == 0 && $(changed) == '0 changed, 0 failed' ]]
  nic undo
  tree >"$BATS_TEST_TMPDIR/undone"
  run play --check
  echo "$output"
  [[ $status == 0 && $(changed) == '1 changed, 0 failed' ]]
  diff "$BATS_TEST_TMPDIR/undone" <(tree)
}

@test "the playbook is one that Ansible takes" {
  ANSIBLE_NOCOLOR=1 ansible-playbook -i localhost, --syntax-check "$here/../../../scripts/ansible/nic.yml"
}
