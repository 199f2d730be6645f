# prepare: what DPDK needs of the machine, whichever the NIC. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034 # the parts share variables

# The pools of 2 MiB pages: one for each node, where the kernel knows nodes.
page_pools() {
  compgen -G "$root/sys/devices/system/node/node*/hugepages/hugepages-2048kB" ||
    compgen -G "$root/sys/kernel/mm/hugepages/hugepages-2048kB" ||
    fail 'this kernel has no hugepages of 2 MiB'
}

# At least `hugepages_mb` on each node. The kernel gives what it finds in one piece.
reserve_hugepages() {
  local pool pools where pages=$(((hugepages_mb + 1) / 2)) has
  pools=$(page_pools)
  for pool in $pools; do
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

prepare() {
  reserve_hugepages
  change machine prepare hugetlbfs "$root/dev/hugepages" mounted
  change machine prepare module vfio-pci loaded
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
