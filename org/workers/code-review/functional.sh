#!/bin/sh
# Reviews how sound the code of a git repository is: unresolved conflicts, scripts that do not
# parse, unfinished or left-over code, swallowed errors, paths that break on other systems.
#
# It reads tracked files only. It never runs, builds or changes anything in the repository: shell
# scripts are parsed (sh -n), which executes nothing.

case $0 in */*) HERE=${0%/*} ;; *) HERE=. ;; esac
# shellcheck source=common.sh
. "$HERE/common.sh"

open_repository functional 'Functional review'

# A lone ======= is a heading in many formats, so only the three markers in order count.
conflict_markers() {
  checked conflict-marker
  search '' '^(<<<<<<<|=======|>>>>>>>)([[:space:]]|$)'
  matches | lib_awk '
    grep_line() {
      if (FILE != last) { last = FILE; state = 0 }
      if (TEXT ~ /^<<<<<<< /) { state = 1; start = LINE; text = TEXT }
      else if (TEXT ~ /^======= *$/) { if (state == 1) state = 2 }
      else if (TEXT ~ /^>>>>>>> /) {
        if (state == 2) row(soft("high", FILE), "conflict-marker", FILE, start, "Unresolved merge conflict: " clean(text, 100) " (until line " LINE ")" softened("high", FILE))
        state = 0
      }
    }
  ' >>"$SCRATCH/rows"
}

# Lists "interpreter<TAB>path" of the shell scripts, known by their first line. Templates, which
# have other suffixes, are left out because they parse only once they are filled in.
list_shell_scripts() {
  search '' '^#![[:space:]]*/[^[:space:]]*/(env[[:space:]]+)?(sh|dash|bash)([[:space:]]|$)'
  matches | lib_awk '
    grep_line() {
      if (LINE != 1 || is_vendored(FILE)) next
      kind = ext(FILE)
      if (kind !~ /^(sh|bash|)$/) next
      # A search over the whole line would find "bash" in a path; the last word of the program counts.
      split(TEXT, word, " "); program = word[1]; sub(/^#!/, "", program)
      if (program == "") program = word[2]
      if (program ~ /\/env$/) program = word[2]
      print (program ~ /bash$/ ? "bash" : "sh") "\t" FILE
    }
  ' >"$SCRATCH/scripts"
}

# parses SHELL < script. Bash knows extended patterns only once a script has switched them on, which
# does not happen while parsing.
parses() {
  if [ "$1" = bash ]; then bash -O extglob -n; else "$1" -n; fi
}

# syntax_error SHELL PATH: prints "line<TAB>message" if the shell cannot parse the file.
syntax_error() {
  content "$2" >"$SCRATCH/script"
  parses "$1" <"$SCRATCH/script" >/dev/null 2>"$SCRATCH/complaint" && return 1
  tr '\000-\011\013-\037\177' ' ' <"$SCRATCH/complaint" | sed -n '
    s/^[^:]*: line \([0-9][0-9]*\): /\1	/p; t done
    s/^[^:]*: \([0-9][0-9]*\): /\1	/p; t done
    b
    :done
    q'
}

shell_syntax() {
  checked shell-syntax shell-bashism
  list_shell_scripts
  if [ "$(grep -c '' "$SCRATCH/scripts")" -gt 500 ]; then note 'Of the shell scripts the first 500 were parsed.'; fi
  if command -v bash >/dev/null 2>&1; then has_bash=yes; else has_bash=no; fi
  head -n 500 "$SCRATCH/scripts" | while IFS=$TAB read -r program path; do
    if [ "$program" = bash ]; then
      [ "$has_bash" = yes ] || continue
      complaint=$(syntax_error bash "$path") && printf 'high\tshell-syntax\t%s\t%s\n' "$path" "$complaint"
    elif complaint=$(syntax_error sh "$path"); then
      if [ "$has_bash" = yes ] && parses bash <"$SCRATCH/script" >/dev/null 2>&1; then
        printf 'low\tshell-bashism\t%s\t%s\n' "$path" "$complaint"
      else
        printf 'high\tshell-syntax\t%s\t%s\n' "$path" "$complaint"
      fi
    fi
  done | lib_awk '
    BEGIN { FS = "\t"; load_titles(title) }
    NF >= 4 { row(soft($1, $3), $2, $3, $4, title[$2] ": " clean($5, 120) softened($1, $3)) }
  ' >>"$SCRATCH/rows"
}

# Marks count only behind the sign of a comment, and not in documentation, which has its own review.
marked_work() {
  checked todo fixme
  search -w 'TODO|FIXME|XXX|HACK' \
    ':!*.md' ':!*.markdown' ':!*.rst' ':!*.adoc' ':!*.txt' ':!*.svg' ':!*.json' ':!*.po' ':!*.csv' ':!*.patch' ':!*.diff'
  matches | lib_awk '
    function mark_of(text) {
      text = " " text " "
      return match(text, /[^A-Za-z0-9_](FIXME|TODO|XXX|HACK)[^A-Za-z0-9_]/) ? substr(text, RSTART + 1, RLENGTH - 2) : ""
    }
    # The mark must stand in the comment and at the start of a thought: "TODO: x", "TODO(me) x", "TODO x".
    function in_comment(text) {
      return text ~ /(\/\/|#|\/\*|^ *\*|--|<!--|;;|%)([^"]*[ (:,*#-])?(FIXME|TODO|XXX|HACK)( *[:(]| |$)/
    }
    grep_line() {
      if (is_vendored(FILE) || !in_comment(TEXT)) next
      mark = mark_of(TEXT); n[mark]++
      if (++count > 3000) next
      if (mark == "FIXME") row(soft("medium", FILE), "fixme", FILE, LINE, "FIXME left in the code: " clean(TEXT, 160) softened("medium", FILE))
      else row(soft("low", FILE), "todo", FILE, LINE, "TODO, XXX or HACK left in the code: " clean(TEXT, 160) softened("low", FILE))
    }
    END {
      if (count > 3000) print "todo\t" count - 3000 > (ENVIRON["R_SCRATCH"] "/uncounted")
      if (count) print "- Marks in comments: " n["TODO"] + 0 " TODO, " n["FIXME"] + 0 " FIXME, " n["XXX"] + 0 " XXX, " n["HACK"] + 0 " HACK" >> (ENVIRON["R_SCRATCH"] "/facts")
    }
  ' >>"$SCRATCH/rows"
  keep_uncounted
}

left_in_code() {
  js='*.js *.jsx *.mjs *.cjs *.ts *.tsx *.vue *.svelte'
  # The patterns of the paths are for git, not for the shell.
  set -f
  # shellcheck disable=SC2086
  {
    scan debug-leftover medium 'soft code' '' "^${S}debugger${S};?${S}(//.*)?\$" $js
    scan console-log info 'code notest' '' "(^|[^[:alnum:]_.])console\.(log|debug)\(" $js ':!*/bin/*' ':!*/scripts/*' ':!scripts/*' ':!bin/*'
  }
  set +f
  scan debug-leftover medium 'soft code' '' "^${S}(binding\.(pry|irb)|byebug)${S}(#.*)?\$" '*.rb' '*.erb' '*.rake'
  scan debug-leftover medium 'soft code' '' "(^|;|:)${S}((import|from) i?pdb([^[:alnum:]_.]|\$)|i?pdb\.set_trace\(|breakpoint\(\))" '*.py'
  scan debug-leftover low 'soft code' '' '(^|[^[:alnum:]_!])dbg!\(' '*.rs'
  scan debug-leftover low 'soft code' '' "^${S}(var_dump|print_r|dd)\(.*\);${S}\$" '*.php'
  scan unfinished medium 'soft code' '' '(^|[^[:alnum:]_"`])(todo|unimplemented)!\(' '*.rs'
  scan unfinished medium 'soft code' '' "panic\(${S}[\"\`](not (yet )?implemented|unimplemented|todo|TODO|TBD)" '*.go'
  scan unfinished medium 'soft code fold' '' "throw new ([[:alnum:]]*Error|[[:alnum:]]*Exception)\(${S}['\"\`](not (yet )?implemented|unimplemented|todo)" \
    '*.js' '*.jsx' '*.mjs' '*.ts' '*.tsx' '*.java' '*.kt' '*.cs' '*.php' '*.scala'
  scan unfinished medium 'soft code' '' "(^|[^[:alnum:]_.])throw new NotImplementedException\(|^${S}TODO\(\"" '*.cs' '*.kt' '*.kts'
  scan not-implemented info 'code notest' '' "^${S}raise NotImplementedError" '*.py'
}

# An error is swallowed if everything is caught and nothing is done. A comment that says why, or a
# narrow exception, is taken as a decision.
swallowed_errors() {
  checked swallowed-error
  search '-A1' "^${S}except(${S}|[[:space:]]+\(?(Exception|BaseException)\)?([[:space:]]+as[[:space:]]+[[:alnum:]_]+)?${S}):" '*.py'
  matches | lib_awk '
    function found(line, text) { row(soft("medium", FILE), "swallowed-error", FILE, line, "Error is swallowed: " clean(text, 160) softened("medium", FILE)) }
    grep_line() {
      if (is_vendored(FILE)) next
      if (!CONTEXT) { start = LINE; text = TEXT; if (TEXT ~ /: *pass *$/) found(LINE, TEXT); next }
      if (LINE == start + 1 && text ~ /: *$/ && TEXT ~ /^ *pass *$/) found(start, text " pass")
    }
  ' >>"$SCRATCH/rows"
  scan swallowed-error low 'soft code' '' "catch${S}(\([^()]*\))?${S}\{${S}\}" \
    '*.js' '*.jsx' '*.mjs' '*.cjs' '*.ts' '*.tsx' '*.java' '*.kt' '*.cs' '*.cpp' '*.cc' '*.php' '*.scala' '*.swift' '*.vue'
}

odd_paths() {
  checked merge-leftover case-collision
  cut -f 3- "$SCRATCH/files" | lib_awk '
    {
      if (!is_vendored($0) && tolower(base($0)) ~ /(\.(orig|rej|bak|swp|swo)|~|^\.ds_store|^thumbs\.db|\.(backup|base|local|remote)\.[0-9]+\.[a-z]+)$/)
        row(soft("low", $0), "merge-leftover", $0, "", "Left-over file of a merge, patch or editor" softened("low", $0))
      # Each folder of the path can collide as well as the file itself.
      p = inner($0); whole = p
      while (p != "") {
        low = tolower(p)
        if (!(low in first)) first[low] = p
        else if (first[low] != p && !(p in told)) {
          told[p] = 1
          if (p == whole) row("medium", "case-collision", $0, "", "Differs only in upper and lower case from " utf8(first[low]))
          else if (!(low in folder_told)) { folder_told[low] = 1; row("medium", "case-collision", $0, "", "Its folder " utf8(p) " differs only in upper and lower case from " utf8(first[low])) }
        }
        if (!sub(/\/[^\/]*$/, "", p)) p = ""
      }
    }
  ' >>"$SCRATCH/rows"
}

# A link is broken if its target is neither tracked nor there. Links out of the repository are left
# to the security review. At most 500 links are followed.
broken_symlinks() {
  checked broken-symlink
  awk -F '\t' '$1 ~ /^120000/ { split($1, f, " "); print f[2] "\t" $2 }' "$SCRATCH/index" | head -n 500 >"$SCRATCH/links"
  [ -s "$SCRATCH/links" ] || return 0
  while IFS=$TAB read -r object path; do
    # A newline in a target cannot be told from the end, and is left out.
    printf '%s\t%s\n' "$path" "$(rgit cat-file blob "$object" | tr '\000-\037\177' '\001' | cut -b 1-4000)"
  done <"$SCRATCH/links" | lib_awk '
    BEGIN {
      f = ENVIRON["R_SCRATCH"] "/files"
      while ((getline l < f) > 0) {
        split(l, part, "\t"); p = unquote(part[3]); known[p] = 1
        if (part[1] != "100644" && part[1] != "100755") through[p] = 1
        while (sub(/\/[^\/]*$/, "", p)) known[p] = 1
      }
    }
    {
      path = substr($0, 1, index($0, "\t") - 1); target = substr($0, index($0, "\t") + 1)
      if (target == "" || target ~ /^\// || target ~ /\001/) next
      real = unquote(path); if (!sub(/\/[^\/]*$/, "", real)) real = ""
      n = split((real == "" ? "" : real "/") target, part, "/"); depth = 0; outside = 0; indirect = 0
      for (i = 1; i <= n; i++) {
        if (part[i] == "" || part[i] == ".") continue
        if (part[i] == "..") { if (depth-- <= 0) { outside = 1; break } continue }
        stack[++depth] = part[i]
        full = ""; for (k = 1; k <= depth; k++) full = full (k > 1 ? "/" : "") stack[k]
        if (full in through && i < n) indirect = 1
      }
      full = ""; for (k = 1; k <= depth; k++) full = full (k > 1 ? "/" : "") stack[k]
      if (!outside && full != "" && !(full in known)) print (indirect ? "maybe" : "missing") "\t" path "\t" clean(target, 120)
    }
  ' >"$SCRATCH/unresolved"
  while IFS=$TAB read -r certainty path target; do
    if [ -n "$TREE" ]; then
      [ "$certainty" = missing ] || continue
    else
      real_path "$path"
      if [ ! -L "$REPO/$REAL" ] || [ -e "$REPO/$REAL" ]; then continue; fi
    fi
    printf '%s\t%s\n' "$path" "$target"
  done <"$SCRATCH/unresolved" | lib_awk '
    BEGIN { FS = "\t" }
    { row(soft("medium", $1), "broken-symlink", $1, "", "Symbolic link that leads nowhere: " $2 softened("medium", $1)) }
  ' >>"$SCRATCH/rows"
}

conflict_markers
shell_syntax
marked_work
left_in_code
swallowed_errors
odd_paths
broken_symlinks
finish_review
