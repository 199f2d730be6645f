# prepare: what DPDK needs of the machine, whichever the NIC. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034 # the parts share variables

# The pools of 2 MiB pages: one for each node that has memory, where the kernel knows nodes.
page_pools() {
  local pool pools=()
  for pool in "$root"/sys/devices/system/node/node*/hugepages/hugepages-2048kB; do
    [[ ! -e $pool ]] || grep -qs 'MemTotal: *0 kB' "${pool%/hugepages/*}/meminfo" || pools+=("$pool")
  done
  ((${#pools[@]} > 0)) || pools=("$root"/sys/kernel/mm/hugepages/hugepages-2048kB)
  [[ -e ${pools[0]} ]] || fail 'this kernel has no hugepages of 2 MiB'
  printf '%s\n' "${pools[@]}"
}

# reserve_hugepages POOL...: at least `hugepages_mb` on each node. The kernel gives what it finds in one piece.
reserve_hugepages() {
  local pool where pages=$(((hugepages_mb + 1) / 2)) has
  for pool; do
    where=$(grep -oE 'node[0-9]+' <<<"$pool" || echo machine)
    has=$(value_of "$pool/nr_hugepages")
    if ((has < pages)); then change machine prepare value "$pool/nr_hugepages" "$pages"; fi
    $dry_run && continue
    has=$(value_of "$pool/nr_hugepages")
    ((has >= pages)) ||
      fail "$where gave $((has * 2)) of $((pages * 2)) MB of hugepages, its memory is in too small pieces: free some, or prepare soon after booting"
    say "$where: $((has * 2)) MB of hugepages"
  done
}

get_hugetlbfs() { if grep -q ' hugetlbfs ' "$root/proc/mounts"; then echo mounted; else echo absent; fi; }
set_hugetlbfs() {
  if [[ $2 == mounted ]]; then
    run mkdir -p "$1"
    run mount -t hugetlbfs hugetlbfs "$1"
  else
    ! grep -qF "hugetlbfs $1 " "$root/proc/mounts" || run umount "$1"
    [[ ! -d $1 ]] || run rmdir "$1"
  fi
}

# What was asked for: persist asks the same at boot, whatever there is now. There is nothing to give back.
asked_for() { former machine prepare asked; }
set_asked() { :; }
remember_asked() {
  local before
  before=$(asked_for)
  [[ $before != "$1" ]] || return 0
  [[ -z $before ]] || forget_line machine "prepare${tab}asked${tab}hugepages_mb$tab$before" || exit
  printf 'prepare\tasked\thugepages_mb\t%s\n' "$1" | remember machine || exit
}

# The pages come last: memory in too small pieces keeps no NIC from being bound.
prepare() {
  local pools
  pools=$(page_pools)
  remember_asked "$hugepages_mb"
  change machine prepare hugetlbfs "$root/dev/hugepages" mounted
  change machine prepare module vfio-pci loaded
  # shellcheck disable=SC2086 # words
  reserve_hugepages $pools
  if $dry_run; then
    return
  elif has_iommu; then
    say 'hugetlbfs is mounted, vfio-pci loaded, and there is an IOMMU: bind a NIC'
  else
    say "hugetlbfs is mounted and vfio-pci loaded. No IOMMU: a NIC's own driver needs one; $(iommu_remedy)"
  fi
}

# Everything back: the NICs, then the machine.
undo() {
  local file failed=false
  # shellcheck disable=SC2046 # words
  refuse_used $(remembered_nics)
  [[ ! -e $unit ]] || forget
  if [[ -z $(for file in machine $(remembered_nics); do lines "$file"; done) ]]; then
    clear_state
    say 'nothing to undo'
    return
  fi
  for file in $(remembered_nics); do
    if ! give_back "$file"; then failed=true; elif ! $dry_run; then say "$file: as it was"; fi
  done
  $failed || give_back machine || failed=true
  clear_state
  ! $failed || fail "not all could be given back, see above; $state_dir still knows the rest"
  $dry_run || say 'everything is as it was'
}
