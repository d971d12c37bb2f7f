#!/bin/sh
# Joins what the reviewers of a git repository delivered into one SUMMARY.md and one findings.tsv:
# a verdict, what to repair first, everything by severity, and what was looked at.
#
# It reads only what the reviewers delivered. It never judges anew, never hides that a reviewer is
# missing or that a row cannot be read, and never opens the repository itself.

case $0 in */*) HERE=${0%/*} ;; *) HERE=. ;; esac
# shellcheck source=common.sh
. "$HERE/common.sh"

AREA=summary
TITLE='Code review'
REPORT_FILE=SUMMARY.md
AREAS='functional security performance tests documentation'
# The summary lists this many findings of a severity; the others are in findings.tsv.
MOST_LISTED=60

start_scratch
[ -n "${ECHELON_INPUTS:-}" ] || fail permanent 'ECHELON_INPUTS is not set, so there is nothing to summarise.'

# Joins the rows that can be read. A row that cannot is counted, never guessed at.
join_findings() {
  : >"$SCRATCH/missing"
  : >"$SCRATCH/malformed"
  for area in $AREAS; do
    rows=$ECHELON_INPUTS/$area/findings.tsv
    if [ ! -f "$rows" ] || [ ! -r "$rows" ]; then
      printf '%s\n' "$area" >>"$SCRATCH/missing"
      continue
    fi
    tr '\000-\010\013-\037\177' ' ' <"$rows" | expected=$area lib_awk '
      BEGIN { FS = "\t"; area = ENVIRON["expected"] }
      NF == 6 && $1 ~ /^(critical|high|medium|low|info)$/ && $2 == area && $3 ~ /^[a-z0-9][a-z0-9-]*$/ && $5 ~ /^[0-9]*$/ && $6 != "" && utf8($4) == $4 && length($0) < 20000 {
        print $1 "\t" $2 "\t" $3 "\t" $4 "\t" $5 "\t" clean($6, 400); next
      }
      { bad++ }
      END { if (bad) print area "\t" bad >> (ENVIRON["R_SCRATCH"] "/malformed") }
    ' >>"$SCRATCH/rows"
  done
  sort_rows -k 3,3 -k 5,5 -k 6,6n -k 4,4 -k 7,7 <"$SCRATCH/rows" >findings.tsv
  grep -v "${TAB}left-out${TAB}" findings.tsv >"$SCRATCH/counted"
}

# list_of FILE: "security, tests and documentation"
list_of() {
  awk '{ w[NR] = $1 } END { for (i = 1; i <= NR; i++) printf "%s%s", (i == 1 ? "" : i == NR ? " and " : ", "), w[i] }' "$1"
}

number_of() { grep -c "^$1$TAB" "$SCRATCH/counted"; }

# The reviewers say so on a line of its own, and write nothing else then.
nothing_committed() {
  for area in functional security performance tests documentation; do
    grep -qx 'The repository has no commits yet; nothing to review.' "$ECHELON_INPUTS/$area/REPORT.md" 2>/dev/null && return
  done
  return 1
}

headline() {
  reviewed=$((5 - $(grep -c '' "$SCRATCH/missing")))
  if [ "$reviewed" -eq 0 ]; then
    printf '**Nothing was reviewed**: no reviewer delivered its findings.\n'
    return 0
  fi
  critical=$(number_of critical)
  high=$(number_of high)
  medium=$(number_of medium)
  if [ "$critical" -gt 0 ]; then
    printf '**Act today: %s to repair before anything else.**' "$(plural "$critical" 'critical finding')"
  elif [ "$high" -gt 0 ]; then
    printf '**Repair before the next release: %s of high severity.**' "$(plural "$high" finding)"
  elif [ "$medium" -gt 0 ]; then
    printf '**In fair shape: nothing urgent, %s of medium severity to plan.**' "$(plural "$medium" finding)"
  elif [ -s "$SCRATCH/counted" ]; then
    printf '**In good shape: only low findings and remarks.**'
  elif nothing_committed; then
    printf '**Nothing to review: the repository has no commits yet.**'
  else
    printf '**Clean: no findings.**'
  fi
  printf ' In all: %s.' "$COUNTS"
  if [ -s "$SCRATCH/missing" ]; then
    printf ' **Not reviewed: %s** - about this the summary says nothing.' "$(list_of "$SCRATCH/missing")"
  fi
  printf '\n'
}

count_table() {
  printf '## Findings by area\n\n| Area | Critical | High | Medium | Low | Info | All |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n'
  areas=$AREAS lib_awk '
    BEGIN { FS = "\t"; load(ENVIRON["R_SCRATCH"] "/missing", missing) }
    { n[$2, $1]++; n[$2]++; n["all", $1]++; n["all"]++ }
    function line(area, label,   i, text) {
      text = "| " label
      for (i = 1; i <= 5; i++) text = text " | " n[area, sev[i]] + 0
      print text " | " n[area] + 0 " |"
    }
    END {
      split("critical high medium low info", sev, " ")
      count = split(ENVIRON["areas"], area, " ")
      for (k = 1; k <= count; k++) {
        if (area[k] in missing) print "| " area[k] " | not reviewed | | | | | |"
        else line(area[k], area[k])
      }
      line("all", "**all**")
    }
  ' "$SCRATCH/counted"
}

# How a row is shown: its title in words, then what was found there.
# shellcheck disable=SC2016
ENTRY='
  function load_catalogue(   l, f) {
    while ((getline l < (ENVIRON["R_SCRATCH"] "/catalogue")) > 0) { split(l, f, "|"); title[f[1]] = f[2]; todo[f[1]] = f[4] }
  }
  function entry(   message, tail, rest) {
    message = $6; tail = ""
    if (match(message, / \(lowered from [a-z]+: [^()]*\)$/)) { tail = substr(message, RSTART, RLENGTH); message = substr(message, 1, RSTART - 1); sub(/:.*/, ")", tail) }
    rest = detail($3, title[$3], message)
    if (($3 in title) && (message == title[$3] || index(message, title[$3] ": ") == 1)) rest = title[$3] (rest == "" ? "" : ": " rest)
    return ($4 == "" ? "" : place($4, $5) " - ") rest tail
  }
'

fix_first() {
  grep -E "^(critical|high)$TAB" "$SCRATCH/counted" >"$SCRATCH/urgent" || return 0
  printf '\n## Fix first\n\n'
  lib_awk "$ENTRY"'
    BEGIN { FS = "\t"; load_catalogue() }
    NR <= 10 {
      print NR ". **" $1 "** " entry() (!($3 in said) && ($3 in todo) ? "  \n   **What to do:** " todo[$3] : "")
      said[$3] = 1
    }
    END { if (NR > 10) print "\nThese are the first 10 of " NR " critical and high findings; the others follow below." }
  ' "$SCRATCH/urgent"
}

all_findings() {
  listed=$MOST_LISTED lib_awk "$ENTRY"'
    BEGIN { FS = "\t"; most = ENVIRON["listed"] + 0; load_catalogue() }
    NR == FNR { total[$1]++; next }
    {
      if ($1 != sev) { sev = $1; n = 0; print "\n## " toupper(substr(sev, 1, 1)) substr(sev, 2) " (" total[sev] ")\n" }
      n++
      if (n == most + 1) print "- ... and " total[sev] - most " more in findings.tsv and in the reports of the areas"
      if (n > most) next
      print "- " entry() " *(" $2 ")*"
    }
  ' "$SCRATCH/counted" "$SCRATCH/counted"
}

# Remarks do not make a file a hot spot.
hot_spots() {
  awk -F '\t' '$1 != "info" && $4 != "" { n[$4]++; w[$4] += ($1 == "critical") * 1000 + ($1 == "high") * 100 + ($1 == "medium") * 10 + 1 } END { for (p in n) if (n[p] > 1) print w[p] "\t" n[p] "\t" p }' "$SCRATCH/counted" |
    sort -t "$TAB" -k 1,1nr -k 3,3 | head -n 10 >"$SCRATCH/hot"
  [ -s "$SCRATCH/hot" ] || return 0
  printf '\n## Hot spots\n\nFiles with more than one finding, the weightiest first.\n\n'
  lib_awk 'BEGIN { FS = "\t" } { print "- " place($3, "") " - " $2 " findings" }' "$SCRATCH/hot"
}

# report_of AREA: the report of a reviewer, without control characters.
report_of() {
  if [ -f "$ECHELON_INPUTS/$1/REPORT.md" ] && [ -r "$ECHELON_INPUTS/$1/REPORT.md" ]; then
    tr '\000-\010\013-\037\177' ' ' <"$ECHELON_INPUTS/$1/REPORT.md"
  fi
}

# What the reviewers say of themselves stands under known headings of their reports. What several
# of them say is said once.
coverage() {
  printf '\n## What was examined\n'
  for area in $AREAS; do
    report_of "$area" | awk '/^## / { on = $0 == "## Examined" } on && /^- /'
  done | lib_awk '++n[$0] == 2 { print utf8(substr($0, 1, 400)) }' | head -n 20 >"$SCRATCH/common"
  if [ -s "$SCRATCH/common" ]; then
    printf '\n'
    cat "$SCRATCH/common"
  fi
  for area in $AREAS; do
    printf '\n### %s\n\n' "$(printf '%s' "$area" | cut -c 1 | tr '[:lower:]' '[:upper:]')$(printf '%s' "$area" | cut -c 2-)"
    if grep -qxF -e "$area" "$SCRATCH/missing"; then
      printf 'Not reviewed: the reviewer delivered no findings.tsv.\n'
    elif [ ! -f "$ECHELON_INPUTS/$area/REPORT.md" ]; then
      printf 'The reviewer delivered findings but no report.\n'
    else
      report_of "$area" | coverage_of_area
    fi
  done
}

coverage_of_area() {
  lib_awk '
    function show(s) {
      s = utf8(substr(s, 1, 400))
      if (s in common) { shared = 1; return }
      if ((s ~ /^\|/) != table && shown) print ""
      table = s ~ /^\|/; shown = 1
      print s
    }
    BEGIN { load(ENVIRON["R_SCRATCH"] "/common", common) }
    /^## / { part = ($0 == "## Examined") ? 1 : ($0 == "## In numbers") ? 2 : ($0 == "## Looked for and not found") ? 3 : 0; next }
    NR < 6 && /nothing to review/ { show($0) }
    part == 1 && /^- / && n1++ < 20 { show($0) }
    part == 2 && /^[-|]/ && n2++ < 20 { show($0) }
    part == 3 && /^- / && n3++ < 100 { clear = clear (n3 > 1 ? "; " : "") utf8(substr($0, 3, 200)) }
    END {
      if (clear != "") print (shown ? "\n" : "") "Looked for and not found: " clear "."
      else if (!shown && !shared) print "The report says nothing of what was examined."
    }
  '
}

remarks() {
  grep "${TAB}left-out${TAB}" findings.tsv >"$SCRATCH/leftout"
  if [ ! -s "$SCRATCH/leftout" ] && [ ! -s "$SCRATCH/malformed" ]; then return 0; fi
  printf '\n## Not listed\n\n'
  lib_awk 'BEGIN { FS = "\t" } { print "- " $2 ": " plain($6) }' "$SCRATCH/leftout"
  while IFS=$TAB read -r area bad; do
    printf -- '- %s: %s of findings.tsv could not be read and are not counted here\n' "$area" "$(plural "$bad" row)"
  done <"$SCRATCH/malformed"
}

repository_name() {
  printf '%s\n' "${ECHELON_REPOSITORY:-}" | head -n 1 | tr '\001-\011\013-\037\177' ' ' | lib_awk '{ sub(/\/+$/, ""); sub(/^.*\//, ""); print ($0 == "" ? "" : " of " code(clean($0, 100))) }'
}

write_summary() {
  printf '# %s%s\n\n' "$TITLE" "$(repository_name)"
  headline
  printf '\n'
  count_table
  fix_first
  all_findings
  hot_spots
  remarks
  coverage
}

# The summary names what it could not know, so that a reader of the outcome alone is not misled.
finish_summary() {
  text=$COUNTS
  if [ -s "$SCRATCH/missing" ]; then text="$text; not reviewed: $(list_of "$SCRATCH/missing")"; fi
  bad=$(awk -F '\t' '{ n += $2 } END { print n + 0 }' "$SCRATCH/malformed")
  if [ "$bad" -gt 0 ]; then text="$text; $(plural "$bad" 'malformed row') left out"; fi
  publish_outcome "{\"done\":{\"summary\":\"$text\",\"artefacts\":[\"SUMMARY.md\",\"findings.tsv\"],\"evidence\":[\"$((5 - $(grep -c '' "$SCRATCH/missing"))) of 5 reviews joined\",\"$(grep -c '' findings.tsv) rows read\"]}}"
}

join_findings
COUNTS=$(count_findings <findings.tsv)
write_summary >SUMMARY.md
finish_summary
