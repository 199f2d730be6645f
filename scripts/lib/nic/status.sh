# status: a table for people, or JSON for programs. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034 # the parts share variables

# A NIC's row, between tabs: address, name, MAC, driver, node, link, IOMMU group, what, why.
row_of() {
  local name mac='' link=''
  name=$(interfaces_of "$1")
  name=${name%%$'\n'*}
  if [[ -n $name ]]; then
    mac=$(mac_of "$name")
    link=$(link_of "$name")
  else
    name=$(former_name "$1")
    mac=$(former_mac "$1")
  fi
  printf '%s\t' "$1" "${name:--}" "${mac:--}" "$(driver_of "$1")" "$(or_dash node_of "$1")" "${link:--}" \
    "$(or_dash group_of "$1")"
  verdict_of "$1"
}

or_dash() {
  local value
  value=$("$@")
  printf '%s\n' "${value:--}"
}

status() {
  local rows nic
  find_lifelines
  rows=$(for nic in $(all_nics); do row_of "$nic"; done)
  if $json; then
    jq -R -s --arg unit "$(persists && cat "$unit")" 'split("\n") | map(select(. != "") | split("\t") | map(if . == "-" then null else . end) |
      {address: .[0], name: .[1], mac: .[2], driver: .[3], node: .[4], link: .[5], iommu_group: .[6],
       muster: .[7], why: .[8]} | .address as $address | .persists = ($unit | contains(" \($address)=")) | .node |= (. // empty | tonumber) | .iommu_group |= (. // empty | tonumber))' \
      <<<"$rows"
  elif [[ -z $rows ]]; then
    say 'this machine has no NIC on its PCI bus'
  else
    { printf 'ADDRESS\tNAME\tMAC\tDRIVER\tNODE\tLINK\tIOMMU\tMUSTER\tWHY\n%s\n' "$rows"; } | column -t -s "$tab"
    ! persists || sed -n 's/^ExecStart=-*"[^"]*"/at boot:/p' "$unit"
    has_iommu || say "no IOMMU: $(iommu_remedy)"
  fi
}
