# persist and forget: a unit of systemd's that repeats at boot what is prepared and bound now. Not what is
# tuned: the interrupts come with the interface, and that later. The unit is its own memory. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034 # the parts share variables

unit_name=muster-nic.service
units=$root/etc/systemd/system
unit=$units/$unit_name

persists() { [[ -e $unit && -L $units/multi-user.target.wants/$unit_name ]]; }

# named NIC MAC: how the unit names a NIC, so that a bus that counts otherwise binds nothing wrong.
named() {
  [[ -n $2 ]] || fail "not $1: it has no MAC address to know it by at boot; scripts/nic unbind gives it back"
  printf ' %s=%s' "$1" "$2"
}

# The commands that the boot repeats, a line each.
repeated() {
  local nic pool pages least='' bound='' open='' cut=''
  if [[ $'\n'$(lines machine) == *$'\n'prepare$tab* ]]; then
    for pool in $(page_pools); do
      pages=$(value_of "$pool/nr_hugepages")
      if [[ -z $least ]] || ((pages < least)); then least=$pages; fi
    done
    echo "prepare --hugepages-mb $((least * 2))"
  fi
  for nic in $(remembered_nics); do
    if given_to_dpdk "$nic" && knows "$nic" bind driver "$nic"; then
      bound+=$(named "$nic" "$(former_mac "$nic")") || exit
      [[ -n $(group_of "$nic") ]] || open=' --no-iommu'
      [[ $(former "$nic" bind route) != *' default '* ]] || cut=' --yes-cut-me-off --yes-cut-me-off'
    fi
  done
  [[ -z $bound ]] || echo "bind$open$cut$bound"
}

# unit_of COMMANDS: after the disks and udev's names, before whatever sets networks up. It has no default
# dependencies, since some set networks up before those are met.
unit_of() {
  local command here=${source_root//%/%%}
  cat <<END
# Written by scripts/nic persist; scripts/nic forget removes it.
[Unit]
Description=NICs for DPDK, as scripts/nic persist found them
DefaultDependencies=no
RequiresMountsFor="$here" /var/lib /usr
Wants=network-pre.target
After=local-fs.target systemd-modules-load.service systemd-udev-trigger.service
Before=network-pre.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=3min
ExecStartPre=-udevadm settle --timeout=60
END
  while read -r command; do echo "ExecStart=\"$here/scripts/nic\" $command"; done <<<"$1"
  printf '\n[Install]\nWantedBy=multi-user.target\n'
}

has_systemd() { [[ -d $root/run/systemd/system ]] && command -v systemctl >/dev/null; }

persist() {
  local commands text
  $dry_run || has_systemd ||
    fail 'systemd does not run here: have your init run, before the network, what scripts/nic persist --dry-run shows as ExecStart'
  commands=$(repeated) || exit
  [[ -n $commands ]] || fail 'nothing is prepared or bound: do that first, then scripts/nic persist'
  text=$(unit_of "$commands")
  if persists && [[ $(<"$unit") == "$text" ]]; then
    say "$unit_name does this already: nothing to do"
    return
  fi
  write "$text" "$unit"
  run systemctl enable "$unit_name"
  $dry_run || say "at boot $unit_name repeats: ${commands//$'\n'/; }"
}

forget() {
  if [[ ! -e $unit ]]; then
    say 'nothing is repeated at boot: nothing to do'
    return
  fi
  run systemctl disable "$unit_name"
  run rm -f "$unit"
  ! has_systemd || run systemctl daemon-reload
  $dry_run || say 'a reboot leaves all NICs with the kernel'
}
