# A machine for each test (new_machine.py), and words to talk about it. Loaded by the .bats files.
# shellcheck shell=bash disable=SC2154,SC2034 # shared with the tests, and bats' own

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Each file makes the machine once, each test has a copy.
setup_file() {
  mkdir "$BATS_FILE_TMPDIR/root"
  "$here/new_machine.py" "$BATS_FILE_TMPDIR/root" "$BATS_FILE_TMPDIR/bin"
  MUSTER_NIC_ROOT=$BATS_FILE_TMPDIR/root tree >"$BATS_FILE_TMPDIR/before"
}

setup() {
  export MUSTER_NIC_ROOT=$BATS_TEST_TMPDIR/root
  unset SSH_CONNECTION MUSTER_NIC_STATE
  cp -a "$BATS_FILE_TMPDIR"/{root,before} "$BATS_TEST_TMPDIR"
  PATH=$BATS_FILE_TMPDIR/bin:$PATH
  devices=$MUSTER_NIC_ROOT/sys/bus/pci/devices
  state=$MUSTER_NIC_ROOT/var/lib/muster/nic
}

# In a process group of its own, which the machine can kill.
nic() { setsid --wait "$here/../../../scripts/nic" "$@"; }

# Everything there is, with its content.
tree() {
  (
    cd "$MUSTER_NIC_ROOT" || exit
    find . -printf '%p %y %l\n' | sort
    find . -type f -exec grep -H '' {} + | sort
  )
}

is_as_before() { diff "$BATS_TEST_TMPDIR/before" <(tree); }

# Nothing was changed, not even for a while.
nothing_was_done() { is_as_before && [[ ! -e $BATS_TEST_TMPDIR/log ]]; }

driver_of() { basename "$(readlink "$devices/$1/driver" || echo none)"; }

says() { [[ $output == *"$1"* ]] || { echo "does not say '$1', but: $output" && return 1; }; }

# refuses TEXT COMMAND...: with one sentence, and before any change.
refuses() {
  local text=$1
  shift
  run nic "$@"
  [[ $status == 1 && ${#lines[@]} == 1 ]] || { echo "status $status: $output" && return 1; }
  says "$text"
  nothing_was_done
}

reboot() { echo another-boot >"$MUSTER_NIC_ROOT/proc/sys/kernel/random/boot_id"; }

# forget_log: changes are counted anew.
forget_log() { rm -f "$BATS_TEST_TMPDIR/log"; }

# survives COMMAND...: it is killed after each of its changes, or the change fails.
# `undo` then has everything back as it was, and the same command given again does its work.
survives() {
  local how at status
  tree >"$BATS_TEST_TMPDIR/start"
  rm -rf "$BATS_TEST_TMPDIR/kept"
  cp -a "$MUSTER_NIC_ROOT" "$BATS_TEST_TMPDIR/kept"
  nic "$@"
  tree >"$BATS_TEST_TMPDIR/done"
  for how in dies fails; do
    for ((at = 1; ; at += ${NIC_STRIDE:-1})); do
      begin_again
      status=0
      MACHINE_STOP=$at MACHINE_STOP_HOW=$how nic "$@" >"$BATS_TEST_TMPDIR/said" 2>&1 || status=$?
      (($(wc -l <"$BATS_TEST_TMPDIR/log") >= at)) || break
      same_end "$how $at" "$@"
    done
    ((at > 3))
  done
}

begin_again() {
  forget_log
  rm -rf "$MUSTER_NIC_ROOT"
  cp -a "$BATS_TEST_TMPDIR/kept" "$MUSTER_NIC_ROOT"
}

# same_end WHERE COMMAND...: from what the interrupt left, both ways.
same_end() {
  local where=$1
  shift
  rm -rf "$BATS_TEST_TMPDIR/left"
  cp -a "$MUSTER_NIC_ROOT" "$BATS_TEST_TMPDIR/left"
  { nic undo >>"$BATS_TEST_TMPDIR/said" 2>&1 && is_as_before; } ||
    { echo "not undone after: $where" && cat "$BATS_TEST_TMPDIR/said" && return 1; }
  rm -rf "$MUSTER_NIC_ROOT"
  mv "$BATS_TEST_TMPDIR/left" "$MUSTER_NIC_ROOT"
  { nic "$@" >>"$BATS_TEST_TMPDIR/said" 2>&1 && diff "$BATS_TEST_TMPDIR/done" <(tree); } ||
    { echo "not done again after: $where" && cat "$BATS_TEST_TMPDIR/said" && return 1; }
}
