#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2119,SC2120 # what helpers.bash sets; `run` gives play its arguments
# The Ansible role, on this machine's files and the fake machine's NICs.

load helpers

# play [OPTION...]: the role on this machine, with the variables of a whole host or those that are given.
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
  [[ $status == 0 && $(changed) == '4 changed, 0 failed' ]]
  [[ $(driver_of 0000:03:00.0) == vfio-pci ]]
  grep -q "muster/scripts/nic\" bind 0000:03:00.0=52:54:00:00:00:03" "$MUSTER_NIC_ROOT/etc/systemd/system/muster-nic.service"
  run play
  echo "$output"
  [[ $status == 0 && $(changed) == '0 changed, 0 failed' ]]
  nic undo
  tree >"$BATS_TEST_TMPDIR/undone"
  run play --check
  echo "$output"
  [[ $status == 0 && $(changed) == '2 changed, 0 failed' ]]
  diff "$BATS_TEST_TMPDIR/undone" <(tree)
}

@test "a check of a machine that has nothing yet does nothing" {
  run play --check
  echo "$output"
  [[ $status == 0 && ! -e $BATS_TEST_TMPDIR/muster ]]
  nothing_was_done
}

@test "what could not be bound leaves what each boot does as it was" {
  local unit=$MUSTER_NIC_ROOT/etc/systemd/system/muster-nic.service
  play >/dev/null
  cp "$unit" "$BATS_TEST_TMPDIR/unit"
  run play -e '{"muster_nic_bind": ["52:54:00:00:00:99"], "muster_nic_hugepages_mb": 32}'
  echo "$output"
  [[ $status != 0 ]]
  says "there is no NIC '52:54:00:00:00:99'"
  diff "$BATS_TEST_TMPDIR/unit" "$unit"
}

@test "a machine whose NICs are only tuned has nothing to repeat at boot" {
  run play -e '{"muster_nic_bind": [], "muster_nic_hugepages_mb": 0}'
  echo "$output"
  [[ $status == 0 && ! -e $MUSTER_NIC_ROOT/etc/systemd/system/muster-nic.service ]]
  says 'NICs up'
  [[ $(driver_of 0000:03:00.0) != vfio-pci ]]
}

@test "what the role has copied is root's alone to change, however new files are made here" {
  umask 002
  play >/dev/null
  [[ -x $BATS_TEST_TMPDIR/muster/scripts/nic ]]
  find "$BATS_TEST_TMPDIR/muster" -perm /022 -print -exec false {} +
}

@test "the playbook is one that Ansible takes" {
  ANSIBLE_NOCOLOR=1 ansible-playbook -i localhost, --syntax-check "$here/../../../scripts/ansible/nic.yml"
}
