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

# What prepare was asked for; after a boot whose unit did not get that far, what the unit asks.
asked_at_boot() {
  local asked
  asked=$(asked_for)
  if [[ -z $asked && -e $unit ]]; then
    asked=$(sed -n 's/^ExecStart=.*" prepare --hugepages-mb \([0-9]*\)$/\1/p' "$unit")
  fi
  printf '%s\n' "$asked"
}

# The commands that the boot repeats, a line each. Memory comes first: a NIC that is not there keeps none from the others.
repeated() {
  local nic asked bound='' open='' cut=''
  for nic in $(remembered_nics); do
    if given_to_dpdk "$nic" && knows "$nic" bind driver "$nic"; then
      bound+=$(named "$nic" "$(former_mac "$nic")") || exit
      [[ -n $(group_of "$nic") ]] || open=' --no-iommu'
      [[ $(former "$nic" bind route) != *' default '* ]] || cut=' --yes-cut-me-off --yes-cut-me-off'
    fi
  done
  asked=$(asked_at_boot)
  [[ -z $asked ]] || echo "prepare --hugepages-mb $asked"
  [[ -z $bound ]] || echo "bind$open$cut$bound"
}

# The NICs that a text names as `named` does.
nics_in() { grep -oE '[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]=' <<<"$1" | tr -d =; }

# Systemd runs this as root at each boot, before the network: nobody else may have a say in it.
refuse_untrusted() {
  local kind untrusted
  untrusted=$(open_to_others "$program" "$scripts"/lib/common.sh "$scripts"/lib/nic/*) || exit
  untrusted=${untrusted:+others than root may change $untrusted}
  kind=$(stat -f -c %T "$scripts")
  [[ ! $kind =~ ^(nfs|smb|cifs|afs|ceph|fuse|v9fs|gfs|lustre|gpfs|coda|tmpfs|ramfs) ]] || untrusted="$scripts is on $kind, which is not there at boot"
  [[ -z $untrusted ]] ||
    fail "systemd would run scripts/nic as root, but $untrusted: copy it, and scripts/lib, to root's /usr/local/lib/muster/scripts, as the role of Ansible's does, and run it there"
}

# unit_of COMMANDS: after the disks and udev's names, before whatever sets networks up. It has no default
# dependencies, since some set networks up before those are met. Too little memory, `-`, keeps no NIC from its server.
unit_of() {
  local command path=${program//%/%%}
  cat <<END
# Written by scripts/nic persist; scripts/nic forget removes it.
[Unit]
Description=NICs for DPDK, as scripts/nic persist found them
DefaultDependencies=no
RequiresMountsFor="$path" /var/lib /usr
Wants=network-pre.target
After=local-fs.target dev-hugepages.mount systemd-modules-load.service systemd-sysctl.service systemd-udev-trigger.service
Before=network-pre.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=3min
ExecStartPre=-udevadm settle --timeout=60
END
  while read -r command; do
    echo "ExecStart=$([[ $command != prepare* ]] || echo -)\"$path\" $command"
  done <<<"$1"
  printf '\n[Install]\nWantedBy=multi-user.target\n'
}

has_systemd() { [[ -d $root/run/systemd/system ]] && command -v systemctl >/dev/null; }

# The NICs that the unit names and COMMANDS do not.
dropped_by() {
  [[ ! -e $unit ]] || nics_in "$(<"$unit")" | grep -vxFf <(nics_in "$1" || echo none) || true
}

# unpersist NIC: the unit without it, as it is not bound any more; without any command it goes.
unpersist() {
  local text
  [[ -e $unit && " $(<"$unit")" == *" $1="* ]] || return 0
  text=$(sed -E "/^ExecStart=/ {s/ $1=\\S+//; / bind( --\\S+)*$/d}" "$unit")
  if [[ $text != *$'\n'ExecStart=* ]]; then
    forget
  else
    write "$text" "$unit"
    ! has_systemd || run systemctl daemon-reload
    $dry_run || say "at boot $unit_name leaves $1 with the kernel"
  fi
}

persist() {
  local commands text dropped
  $dry_run || has_systemd ||
    fail 'systemd does not run here: have your init run, before the network, what scripts/nic persist --dry-run shows as ExecStart'
  $dry_run || refuse_untrusted
  commands=$(repeated) || exit
  dropped=$(dropped_by "$commands" | paste -sd ' ')
  [[ -z $dropped ]] || say "not at boot any more, as they are not bound now: $dropped"
  if [[ -z $commands ]]; then
    [[ -e $unit ]] || fail 'nothing is prepared or bound: do that first, then scripts/nic persist'
    say 'nothing is prepared or bound: nothing is left to repeat at boot'
    forget
    return
  fi
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
