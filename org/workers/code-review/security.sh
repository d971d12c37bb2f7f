#!/bin/sh
# Reviews a git repository for security: secrets that are tracked, dangerous calls, loose
# permissions, insecure sources, containers and workflows that give rights away.
#
# It reads tracked files only. It never runs, builds or changes anything in the repository, never
# tries a secret out, and never shows more than the first four characters of one.

case $0 in */*) HERE=${0%/*} ;; *) HERE=. ;; esac
# shellcheck source=common.sh
. "$HERE/common.sh"

open_repository security 'Security review'

# The marker alone is often a string in a parser; it is a key if it stands alone in its line or
# if key material follows.
private_keys() {
  checked private-key
  search '-a -A2' '-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----'
  matches | lib_awk '
    function material(text) {
      if (text ~ /(Proc-Type:|DEK-Info:|Version:|Comment:)/) return 1
      return match(text, /[A-Za-z0-9+\/=]+/) && longest(text) >= 24
    }
    function longest(text,   most) {
      most = 0
      while (match(text, /[A-Za-z0-9+\/=]+/)) { if (RLENGTH > most) most = RLENGTH; text = substr(text, RSTART + RLENGTH) }
      return most
    }
    function finish(   kind, sev) {
      if (!open || !real) { open = 0; return }
      kind = text; sub(/^.*-----BEGIN /, "", kind); sub(/-----.*$/, "", kind)
      sev = (kind ~ /ENCRYPTED/ || protected) ? "high" : "critical"
      row(soft(sev, file), "private-key", file, line, "Private key in the repository: " kind (sev == "high" ? " (protected by a passphrase)" : "") softened(sev, file))
      open = 0
    }
    grep_line() {
      if (!CONTEXT) {
        finish()
        open = 1; file = FILE; line = LINE; text = TEXT; protected = 0
        alone = TEXT ~ /^ *-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?----- *$/
        rest = TEXT; sub(/^.*PRIVATE KEY( BLOCK)?-----/, "", rest); gsub(/\\n/, " ", rest)
        real = alone || material(rest)
        next
      }
      if (!open || FILE != file) next
      # In a file that quotes the marker alone, prose or an end marker follows instead of a key.
      if (LINE == line + 1 && alone && (TEXT ~ /^ *$/ || TEXT ~ /-----END/ || TEXT ~ /^ *\.\.\./ || TEXT ~ /[a-z] [a-z]/)) real = TEXT ~ /Proc-Type|Version|Comment/
      if (LINE == line + 1 && !real && TEXT !~ /-----(BEGIN|END)/) real = material(TEXT)
      if (TEXT ~ /ENCRYPTED/ && TEXT ~ /Proc-Type/) protected = 1
    }
    END { finish() }
  ' >>"$SCRATCH/rows"
}

# Only the token itself is taken out of the file, so lines of any length are read to their end.
known_tokens() {
  checked known-token jwt
  edge='(^|[^A-Za-z0-9_])'
  search '-o' "$edge((AKIA|ASIA)[0-9A-Z]{16}|gh[opsur]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20}|xox[abeoprs]-[0-9A-Za-z-]{10,}|AIza[0-9A-Za-z_-]{35}|[sr]k_live_[0-9A-Za-z]{16,}|npm_[A-Za-z0-9]{36}|pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{40,}|SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}|sk-(ant|proj)-[A-Za-z0-9_-]{32,}|hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20,}|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})"
  matches | lib_awk '
    function kind_of(t) {
      if (t ~ /^(AKIA|ASIA)/) return "AWS access key"
      if (t ~ /^gh[opsur]_|^github_pat_/) return "GitHub token"
      if (t ~ /^glpat-/) return "GitLab token"
      if (t ~ /^xox/) return "Slack token"
      if (t ~ /^hooks/) return "Slack webhook"
      if (t ~ /^AIza/) return "Google API key"
      if (t ~ /^[sr]k_live_/) return "Stripe live key"
      if (t ~ /^npm_/) return "npm token"
      if (t ~ /^pypi-/) return "PyPI token"
      if (t ~ /^SG\./) return "SendGrid key"
      if (t ~ /^sk-/) return "API key of a language model"
      return "JWT"
    }
    # A made-up token repeats few characters; a real one does not.
    function variety(t,   i, n, seen) {
      split("", seen); n = 0
      for (i = 1; i <= length(t) && i < 200; i++) if (!(substr(t, i, 1) in seen)) { seen[substr(t, i, 1)] = 1; n++ }
      return n
    }
    grep_line() {
      t = TEXT; sub(/^[^A-Za-z0-9_]/, "", t)
      kind = kind_of(t); body = t; sub(/^(AKIA|ASIA|gh[opsur]_|github_pat_|npm_|AIza|[sr]k_live_)/, "", body)
      if (variety(body) < 7 || tolower(t) ~ /xxxx|your|placeholder|redacted|dummy/) next
      if (++n > 3000) next
      shown = (kind == "Slack webhook") ? "hook***" : substr(t, 1, 4) "***"
      if (t ~ /EXAMPLE/) { row("info", "known-token", FILE, LINE, "Access token in the repository: " kind " " shown " (it says EXAMPLE, as in the documentation of its maker)"); next }
      if (kind == "JWT") row(soft("medium", FILE), "jwt", FILE, LINE, "Signed web token (JWT) in the repository: " shown softened("medium", FILE))
      else {
        sev = (kind == "Google API key" || kind == "Slack webhook") ? "high" : "critical"
        row(soft(sev, FILE), "known-token", FILE, LINE, "Access token in the repository: " kind " " shown softened(sev, FILE))
      }
    }
    END { if (n > 3000) print "known-token\t" n - 3000 > (ENVIRON["R_SCRATCH"] "/uncounted") }
  ' >>"$SCRATCH/rows"
  keep_uncounted
}

# Literal values behind names that promise a secret. What a person would recognise as a
# placeholder, a lookup, a message or the name of something is left out.
HARDCODED='
  function placeholder(v,   low) {
    low = tolower(v)
    if (low ~ /example|change[-_ ]?me|placeholder|dummy|sample|redacted|your[-_ ]?|xxx|\*\*\*|\.\.\.|^<|>$|\$[{(a-z_]|\{\{|%[(sd{]|#\{|@@|insert|replace|env[.(\[]|process\.|getenv|vault:|secret:|ref:|arn:|!ref|!sub|^test|^fake|^mock|^foo|^none$|^null$|^undefined$|^required|^optional|^string/) return 1
    if (low ~ /^(password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|client[-_]?secret|credentials?)s?$/) return 1
    if (v ~ /[ \t\\]/ || v ~ /^[\/.~]/ || v ~ /^[a-z]+:\/\//) return 1
    # {name} is filled in later.
    if (v ~ /\{[A-Za-z0-9_.]*\}/) return 1
    return 0
  }
  function distinct(v,   i, n, seen) {
    split("", seen); n = 0
    for (i = 1; i <= length(v) && i < 200; i++) if (!(substr(v, i, 1) in seen)) { seen[substr(v, i, 1)] = 1; n++ }
    return n
  }
  # Severity of a literal, or "" if it is no secret.
  function judge(name, v,   digit, small, big, mark) {
    if (length(v) < 8 || placeholder(v) || distinct(v) < 5) return ""
    # Known tokens have a rule of their own.
    if (v ~ /^(AKIA|ASIA|gh[opsur]_|github_pat_|glpat-|xox[abeoprs]-|AIza|[sr]k_live_|npm_|pypi-|SG\.|sk-|eyJ)/) return ""
    digit = v ~ /[0-9]/; small = v ~ /[a-z]/; big = v ~ /[A-Z]/; mark = v ~ /[^A-Za-z0-9_.:\/-]/
    # Words joined by signs, or in camel case, are the name of something.
    if (!digit && v ~ /[_.:\/-]/ && !mark) return ""
    if (!digit && !mark && name !~ /pass|pwd|secret/) return ""
    if (!digit && !mark && v ~ /^[A-Za-z][a-z]+[A-Z]/ ) return ""
    if (!digit && !mark && big && !small) return ""
    if (v ~ /^[0-9.]+$/ && name !~ /pass|pwd/) return ""
    # sha256:..., UUID-like and version-like values of "key" are identifiers.
    if (name ~ /key$/ && name !~ /secret|private|access|api/) return ""
    if (length(v) >= 20 && digit && small && (big || length(v) >= 32)) return "high"
    return "medium"
  }
'
hardcoded_secrets() {
  checked hardcoded-secret
  name='(password|passwd|passphrase|pwd|secret|api[-_]?key|access[-_]?key|secret[-_]?key|private[-_]?key|auth[-_]?token|access[-_]?token|token|client[-_]?secret|credentials?)'
  # Written in quotes, in any language; -o takes only this piece of the line.
  search '-o -i' "${name}[\"']?\]?${S}(:=|=>|:|=|==|,|:[][&A-Za-z_'<> ]{1,30}=)${S}[bBrR]?(\"[^\"[:space:]]{8,}\"|'[^'[:space:]]{8,}')" \
    ':!*.lock' ':!*package-lock.json' ':!*.svg' ':!*.po' ':!*.pot'
  matches | lib_awk "$HARDCODED"'
    grep_line() {
      if (is_vendored(FILE)) next
      q = substr(TEXT, length(TEXT), 1)
      v = substr(TEXT, 1, length(TEXT) - 1); at = length(v); while (at > 0 && substr(v, at, 1) != q) at--
      name = tolower(substr(v, 1, at - 1)); v = substr(v, at + 1)
      sub(/ *:[^:=]+= *[br]?$/, "", name)
      sub(/["\047]?\]? *(:=|=>|:|=|==|,) *[br]?$/, "", name)
      # A pair of arguments is often a name and its description; it counts only if it looks random.
      comma = TEXT ~ /^[^"\047]*["\047]?\]? *,/
      sev = judge(name, v)
      if (sev == "" || (comma && sev != "high")) next
      if (++n > 3000) next
      row(soft(sev, FILE), "hardcoded-secret", FILE, LINE, "Password or key written into the code: " clean(name, 40) " = " substr(v, 1, 4) "***" softened(sev, FILE))
    }
    END { if (n > 3000) print "hardcoded-secret\t" n - 3000 > (ENVIRON["R_SCRATCH"] "/uncounted") }
  ' | redact_rows >>"$SCRATCH/rows"
  keep_uncounted
  # Written without quotes, in files made of settings.
  search '-i' "^[[:space:]-]*(export[[:space:]]+)?[A-Za-z0-9_.-]*$name${S}[:=]${S}[^[:space:]\"'#{\$<]{8,}${S}(#.*)?\$" \
    '*.yml' '*.yaml' '*.env' '*.env.*' '.env' '*.ini' '*.conf' '*.cfg' '*.properties' '*.toml' '*.envrc' '.npmrc' '*/.npmrc' '.pypirc'
  matches | lib_awk "$HARDCODED"'
    grep_line() {
      if (is_vendored(FILE)) next
      match(TEXT, /[:=]/); name = tolower(substr(TEXT, 1, RSTART - 1)); v = substr(TEXT, RSTART + 1)
      sub(/^ */, "", v); sub(/ +#.*$/, "", v); sub(/ *$/, "", v); gsub(/^[ -]+| +$/, "", name); sub(/^export /, "", name)
      if (v ~ /^[!*&|>\[(]/ || v ~ /[()]/) next
      sev = judge(name, v)
      if (sev == "") next
      row(soft(sev, FILE), "hardcoded-secret", FILE, LINE, "Password or key written into the code: " clean(name, 60) " = " substr(v, 1, 4) "***" softened(sev, FILE))
    }
  ' | redact_rows >>"$SCRATCH/rows"
}

# The first characters of a value can be anything, so the message is made readable once more.
redact_rows() {
  lib_awk 'BEGIN { FS = OFS = "\t" } { $6 = utf8($6); print }'
}

url_credentials() {
  checked url-credentials
  search '-o' "[a-z][a-z0-9+]*://[A-Za-z0-9_.%~-]+:[^][:space:]/@:\"'\`<>{}\$()*,;|\\\\]{3,}@[A-Za-z0-9.-]+"
  matches | lib_awk '
    grep_line() {
      if (is_vendored(FILE)) next
      rest = TEXT; sub(/^[a-z0-9+]*:\/\//, "", rest)
      user = substr(rest, 1, index(rest, ":") - 1); rest = substr(rest, index(rest, ":") + 1)
      at = index(rest, "@"); pass = substr(rest, 1, at - 1); host = tolower(substr(rest, at + 1))
      if (tolower(pass) ~ /^(pass(word|wd)?|pwd|secret|token|user(name)?|xxx.*|your.*|example|changeme|port|hidden)$/ || pass ~ /^[*.%]/ || pass ~ /^[A-Z_]+$/) next
      sev = "high"
      if (host ~ /^(localhost|127\.|0\.0\.0\.0|db$|postgres$|mysql$|redis$|rabbitmq$|mongo$)/ || user == pass) sev = "low"
      if (host ~ /(^|\.)example(\.|$)|^(host|hostname|server|domain|proxy)(\.|$)|\.(test|invalid|local)$/) sev = "info"
      row(soft(sev, FILE), "url-credentials", FILE, LINE, "User name and password inside an address: " clean(user, 40) ":" substr(pass, 1, 4) "***@" clean(host, 80) softened(sev, FILE))
    }
  ' | redact_rows >>"$SCRATCH/rows"
}

secret_files() {
  checked secret-file key-file
  # An .env file with a filled-in secret weighs more than one with ports and switches.
  search '-i -l' "(secret|passw|token|api_?key|private)[A-Z0-9_]*${S}=${S}[^[:space:]]" '.env' '*/.env' '.env.*' '*/.env.*'
  sed '/^$/d; s/^HEAD://' "$SCRATCH/raw" >"$SCRATCH/env-secret"
  search '-a -l' 'PRIVATE KEY' '*.pem' '*.key'
  sed '/^$/d; s/^HEAD://' "$SCRATCH/raw" >"$SCRATCH/pem-private"
  cut -f 3- "$SCRATCH/files" | lib_awk '
    BEGIN { load(ENVIRON["R_SCRATCH"] "/env-secret", env); load(ENVIRON["R_SCRATCH"] "/pem-private", private) }
    function found(sev, what) { row(soft(sev, $0), "secret-file", $0, "", "File of a kind that holds secrets is tracked: " what softened(sev, $0)) }
    {
      b = tolower(base($0)); low = "/" tolower(inner($0))
      if (is_vendored($0)) next
      if (b ~ /^\.env(\.[a-z0-9_-]+)*$/ || b ~ /^\.envrc$/) {
        if (b !~ /(example|sample|template|dist|defaults?|schema|tmpl|envrc)$/) found(($0 in env) ? "high" : "medium", ($0 in env) ? "environment with a secret filled in" : "environment")
      }
      else if (b ~ /^id_(rsa|dsa|ecdsa|ed25519)(_[a-z0-9]+)?$/) found("high", "SSH private key")
      else if (b ~ /\.(p12|pfx|jks|kdbx|ppk)$/ || b ~ /\.keystore$/) found(b ~ /^debug\./ ? "low" : "high", "key store")
      else if (b ~ /^(\.htpasswd|\.netrc|_netrc|\.pgpass|\.git-credentials|\.dockercfg)$/) found("high", "password file")
      else if (low ~ /\/\.aws\/credentials$/ || low ~ /\/\.docker\/config\.json$/) found("high", "credentials")
      else if (b ~ /^(credentials|secrets?)\.(json|ya?ml|toml|ini|txt|env)$/ || b ~ /^service[-_]account[a-z0-9_-]*\.json$/) found("medium", "credentials by its name")
      else if (b ~ /\.tfstate(\.backup)?$/) found("high", "Terraform state, which holds secrets in plain text")
      else if (b ~ /\.ovpn$/) found("medium", "VPN profile")
      else if (b ~ /\.(pem|key)$/ && !($0 in private)) row("info", "key-file", $0, "", "Certificate or key file without a private key in plain text")
    }
  ' >>"$SCRATCH/rows"
}

dangerous_calls() {
  word='(^|[^[:alnum:]_.])'
  # Python
  scan eval medium 'soft code' '(^|[ (=])def +(eval|exec)' "${word}(eval|exec)\(${S}[^[:space:]\"')]" '*.py'
  scan shell-command medium 'soft code' '' "shell${S}=${S}True|(^|[^[:alnum:]_])os\.(system|popen)\(${S}[^[:space:]\"')]" '*.py'
  scan shell-command low 'soft code' '' "(^|[^[:alnum:]_])os\.(system|popen)\(${S}[\"']" '*.py'
  scan unsafe-deserialise medium 'soft code' '' '(^|[^[:alnum:]_])(c?[pP]ickle|cloudpickle|dill|marshal|shelve)\.(loads?|open|Unpickler)\(' '*.py'
  scan unsafe-deserialise medium 'soft code' 'Loader *=|SafeLoader|safe_load' '(^|[^[:alnum:]_])yaml\.(load|load_all|unsafe_load|full_load)\(' '*.py'
  scan tls-unverified high 'soft code' '' "(^|[^[:alnum:]_])verify${S}=${S}False|ssl\._create_unverified_context|CERT_NONE${S}(\$|\))" '*.py'
  scan temp-race low 'soft code' '' '(^|[^[:alnum:]_])tempfile\.mktemp\(|(^|[^[:alnum:]_])os\.tempnam\(' '*.py'
  # JavaScript and TypeScript
  scan eval medium 'soft code' '(function|async) +eval|javascript:' "${word}(eval\(${S}[^[:space:]\"'\`)]|new Function\(${S}[^[:space:])])" '*.js' '*.jsx' '*.mjs' '*.cjs' '*.ts' '*.tsx' '*.vue'
  scan shell-command medium 'soft code' '' "(child_process\.exec|${word}execSync|cp\.exec)(Sync)?\(${S}(\`[^\`]*\\$\{|[\"'][^\"']*[\"']${S}\+|[A-Za-z_\$]+${S}\+)" '*.js' '*.jsx' '*.mjs' '*.cjs' '*.ts' '*.tsx'
  scan raw-html medium 'soft code' "(inner|outer)HTML *\\+?= *(\"[^\"]*\"|'[^']*'|\`[^\`\$]*\`) *;? *(//.*)?\$|sanitize|DOMPurify|escape|javascript:|=== " "\.(inner|outer)HTML${S}\+?=${S}[^=[:space:]]|(^|[^[:alnum:]_])document\.write(ln)?\(${S}[^[:space:]\"')]" '*.js' '*.jsx' '*.mjs' '*.ts' '*.tsx' '*.vue' '*.html'
  scan raw-html low 'soft code' 'sanitize|DOMPurify' 'dangerouslySetInnerHTML|v-html=|\[innerHTML\]=' '*.js' '*.jsx' '*.ts' '*.tsx' '*.vue' '*.html'
  scan tls-unverified high 'soft code' '' "rejectUnauthorized[\"']?${S}:${S}false|NODE_TLS_REJECT_UNAUTHORIZED[\"']?\]?${S}[:=]${S}[\"']?0" '*.js' '*.jsx' '*.mjs' '*.cjs' '*.ts' '*.tsx' '*.json' '*.yml' '*.yaml' '*.sh' '.env*' '*Dockerfile*'
  # Go, Rust, Java, .NET
  scan tls-unverified high 'soft code' '' "InsecureSkipVerify${S}:?[:=]=?${S}true|danger_accept_invalid_certs\(${S}true|ServerCertificateValidationCallback.*=>${S}true|ALLOW_ALL_HOSTNAME_VERIFIER|NoopHostnameVerifier" '*.go' '*.rs' '*.java' '*.kt' '*.cs' '*.scala'
  scan shell-command low 'soft code' '' "exec\.Command(Context)?\(([a-z]+,${S})?\"(/bin/)?(ba)?sh\",${S}\"-c\",${S}[^\"[:space:]]" '*.go'
  scan shell-command medium 'soft code' '' "Runtime\.getRuntime\(\)\.exec\(${S}[^\"[:space:])]|Runtime\.getRuntime\(\)\.exec\([^)]*\+" '*.java' '*.kt' '*.scala'
  scan unsafe-deserialise low 'soft code' '' 'new ObjectInputStream\(|new BinaryFormatter\(' '*.java' '*.kt' '*.cs' '*.scala'
  scan rust-unsafe info 'code perfile' '' '(^|[^[:alnum:]_"])unsafe[[:space:]]*(\{|fn[[:space:]]|impl[[:space:](<])' '*.rs'
  # C and C++
  scan c-unbounded high 'soft code' '' "(^|[^[:alnum:]_.>:\"])gets\(${S}[[:alpha:]_]" '*.c' '*.cc' '*.cpp' '*.cxx' '*.m'
  scan c-unbounded low 'soft code' "\\(.*,[ ]*\"[^\"%]*\"[ ]*\\)" "(^|[^[:alnum:]_.>:\"])(strcpy|strcat|sprintf|vsprintf)\(${S}[[:alpha:]_*&(]" '*.c' '*.cc' '*.cpp' '*.cxx' '*.h' '*.hpp' '*.m'
  scan shell-command low 'soft code' '' "(^|[^[:alnum:]_.>:\"])(system|popen)\(${S}[a-z_][[:alnum:]_]*${S}[,)]" '*.c' '*.cc' '*.cpp' '*.cxx'
  # PHP and Ruby
  scan php-input high 'soft code' 'escapeshell|allowed_classes' "${word}(eval|system|exec|shell_exec|passthru|popen|unserialize|include|require|include_once|require_once|mysql_query|mysqli_query)[[:space:](].*\\\$_(GET|POST|REQUEST|COOKIE)" '*.php' '*.phtml'
  scan eval medium 'soft code' '' "${word}eval\(${S}\\\$" '*.php' '*.phtml'
  scan eval medium 'soft code' '' "${word}(instance_|class_)?eval\(${S}[a-z_@]" '*.rb'
  scan unsafe-deserialise medium 'soft code' '' '(^|[^[:alnum:]_])Marshal\.load\(' '*.rb'
  # Any language
  scan weak-hash low 'soft code fold' '' '(md5|sha1)[^;]{0,40}(passw|pwd)|(passw|pwd)[^;]{0,40}[^[:alnum:]](md5|sha1)([^[:alnum:]]|$)' '*.py' '*.js' '*.ts' '*.go' '*.rs' '*.java' '*.kt' '*.cs' '*.php' '*.rb' '*.c' '*.cpp'
}

shell_habits() {
  scan pipe-to-shell medium 'soft code' '' '(curl|wget)[[:space:]][^|;#]*\|[[:space:]]*(sudo[[:space:]]+)?(-E[[:space:]]+)?(/bin/)?(ba|z|da)?sh([[:space:]]|$|["'\''`)])' \
    '*.sh' '*.bash' '*Dockerfile*' '*.yml' '*.yaml' '*Makefile' '*.mk' '*.md' '*.rst' '*.adoc' '*.toml' 'justfile' '*.json'
  scan chmod-777 medium 'soft code' '' '(^|[^[:alnum:]_])chmod[[:space:]]+(-[A-Za-z]+[[:space:]]+)*(0?777|a\+rwx|ugo\+rwx)([[:space:]]|$)' \
    '*.sh' '*.bash' '*Dockerfile*' '*.yml' '*.yaml' '*Makefile' '*.mk' '*.py' '*.rb' '*.pl'
}

# Characters that reorder text: U+202A to U+202E and U+2066 to U+2069, in UTF-8.
bidi_controls() {
  bidi=$(printf '\342\200[\252-\256]|\342\201[\246-\251]')
  scan bidi-control high 'soft' '' "$bidi" '*.py' '*.js' '*.jsx' '*.mjs' '*.ts' '*.tsx' '*.rs' '*.go' '*.java' '*.kt' '*.rb' '*.php' \
    '*.c' '*.h' '*.cc' '*.cpp' '*.hpp' '*.cs' '*.swift' '*.scala' '*.sh' '*.sql' '*.pl' '*.lua'
}

# Permissions are those of this checkout. If most files are open to everybody, this comes from the
# file system and is one finding.
loose_modes() {
  checked loose-mode
  if [ -n "$TREE" ]; then return 0; fi
  set --
  while IFS= read -r entry; do
    real_path "$entry"
    set -- "$@" "$REPO/$REAL"
  done <<END
$(cut -f 3- "$SCRATCH/files" | awk '{ quote = sub(/^"/, "") ? "\"" : ""; if (!sub(/\/.*$/, "")) sub(/"$/, ""); if (!($0 in seen)) { seen[$0] = 1; print quote $0 quote } }')
END
  # Directories that hold nothing tracked can be huge, and are not entered.
  if [ "$#" -gt 1000 ]; then set -- "$REPO/."; fi
  find "$@" -name .git -prune -o -type f \( -perm -0002 -o -perm -4000 -o -perm -2000 \) -exec sh -c '
    for file do
      mode=$(ls -ld "$file" | cut -b 1-10)
      case $file in *"
"*) continue ;; esac
      file=${file#"$0/"}
      printf "%s\t%s\n" "$mode" "${file#./}"
    done' "$REPO" {} + 2>/dev/null >"$SCRATCH/loose"
  [ -s "$SCRATCH/loose" ] || return 0
  lib_awk '
    BEGIN {
      f = ENVIRON["R_SCRATCH"] "/files"
      while ((getline l < f) > 0) { split(l, part, "\t"); if (part[1] ~ /^100/) { quoted[unquote(part[3])] = part[3]; total++ } }
    }
    {
      mode = substr($0, 1, 10); name = substr($0, 12)
      if (!(name in quoted)) next
      if (mode ~ /[sS]/) row("high", "loose-mode", quoted[name], "", "File of the checkout with loose permissions: " mode " (runs with the rights of its owner or group)")
      else { n++; open[n] = quoted[name]; what[n] = mode }
    }
    END {
      if (n > 20 && n > total / 2) row("info", "loose-mode", "", "", n " of " total " files of the checkout are writable by everybody, probably because of the file system")
      else for (i = 1; i <= n; i++) row("low", "loose-mode", open[i], "", "File of the checkout with loose permissions: " what[i] " (writable by everybody)")
    }
  ' "$SCRATCH/loose" >>"$SCRATCH/rows"
}

dependency_sources() {
  none='http://(localhost|127[.]|0[.]0[.]0[.]0|host[.]docker)|"(homepage|url|bugs|repository)" *: *"http://[^"]*[^zr]"'
  scan insecure-source medium soft "$none" "http://[^\"'[:space:]]+\.(tgz|tar\.gz|zip|git)|git\+http://|\"resolved\":${S}\"http://" '*package.json' '*package-lock.json' '*yarn.lock' '*pnpm-lock.yaml'
  scan insecure-source medium soft "$none" "(--(extra-)?index-url|--find-links|-i|-f|@)[ =]+(git\+)?http://|^${S}(git\+)?http://|^${S}(extra-)?index-url${S}=${S}http://|^${S}url${S}=${S}\"http://" '*requirements*.txt' '*pip.conf' '*Pipfile' '*constraints*.txt'
  scan insecure-source medium soft "$none" "(git|registry|index)${S}=${S}\"http://" '*Cargo.toml' '*.cargo/config*'
  scan insecure-source medium soft "$none" "^${S}(source|gem .*:git =>|gem .*git:)${S}[\"']http://" '*Gemfile'
  scan insecure-source medium soft "$none" "(url|uri)[[:space:]=(\"']+http://" '*.gradle' '*.gradle.kts'
  scan insecure-source medium soft "$none" "^${S}registry${S}=${S}http://" '.npmrc' '*/.npmrc' '.yarnrc' '*/.yarnrc'
}

dockerfiles() {
  checked docker-root docker-latest
  search '-i' "^${S}(FROM|USER)[[:space:]]" 'Dockerfile' '*/Dockerfile' 'Dockerfile.*' '*/Dockerfile.*' '*.dockerfile' 'Containerfile' '*/Containerfile'
  matches | lib_awk '
    function finish() {
      if (file != "" && from && (user == "" || user ~ /^(root|0)(:|$)/))
        row(soft("low", file), "docker-root", file, user_line ? user_line : from, "Container runs as root: " (user == "" ? "its last stage has no USER" : "USER " clean(user, 40)) softened("low", file))
      user = ""; user_line = 0; from = 0; split("", stage)
    }
    grep_line() {
      if (is_vendored(FILE)) next
      if (FILE != file) { finish(); file = FILE }
      n = split(TEXT, word, " ")
      if (tolower(word[1]) == "user") { user = word[2]; user_line = LINE; next }
      from = LINE; user = ""; user_line = 0
      image = word[2]; k = 2
      while (image ~ /^--/ && k < n) image = word[++k]
      if (tolower(word[k + 1]) == "as") stage[tolower(word[k + 2])] = 1
      name = image; sub(/^.*\//, "", name)
      if (image == "scratch" || image ~ /[$@]/ || tolower(image) in stage) next
      if (name !~ /:/ || name ~ /:latest$/) row(soft("low", FILE), "docker-latest", FILE, LINE, "Base image without a fixed version: " clean(image, 100) softened("low", FILE))
    }
    END { finish() }
  ' >>"$SCRATCH/rows"
}

workflows() {
  checked workflow-untrusted workflow-injection workflow-unpinned
  search '' 'pull_request_target|actions/checkout|github\.event\.pull_request\.head\.(sha|ref)|github\.head_ref|refs/pull/|permissions:[[:space:]]*write-all' '.github/workflows/*.yml' '.github/workflows/*.yaml'
  matches | lib_awk '
    function finish() {
      if (target && checkout && head) row("high", "workflow-untrusted", file, head, "Workflow gives its rights to foreign code: pull_request_target checks out the head of the pull request")
      target = checkout = head = 0
    }
    grep_line() {
      if (FILE != file) { finish(); file = FILE }
      if (TEXT ~ /^ *#/) next
      if (TEXT ~ /pull_request_target/) target = LINE
      if (TEXT ~ /actions\/checkout/) checkout = LINE
      if (TEXT ~ /(ref|repository): .*(github\.event\.pull_request\.head|github\.head_ref|refs\/pull\/)/) head = LINE
      if (TEXT ~ /permissions: *write-all/) row("low", "workflow-untrusted", FILE, LINE, "Workflow gives its rights to foreign code: it asks for all permissions (write-all)")
    }
    END { finish() }
  ' >>"$SCRATCH/rows"
  scan workflow-injection high code '' "run:.*\\$\{\{${S}(github\.event\.(issue|pull_request|comment|review|discussion)[a-z_.]*\.(title|body|label|ref)|github\.head_ref)" '.github/workflows/*.yml' '.github/workflows/*.yaml'
  scan workflow-unpinned low code 'uses: *[.]/' "uses:${S}[\"']?[^[:space:]\"'#]+@(main|master|latest|develop)([^[:alnum:]_./-]|\$)" '.github/workflows/*.yml' '.github/workflows/*.yaml' '*action.yml' '*action.yaml'
}

symlinks_outside() {
  checked symlink-outside
  awk -F '\t' '$1 ~ /^120000/ { split($1, f, " "); print f[2] "\t" $2 }' "$SCRATCH/index" | head -n 500 |
    while IFS=$TAB read -r object path; do
      printf '%s\t%s\n' "$path" "$(rgit cat-file blob "$object" | tr '\000-\037\177' ' ' | cut -b 1-4000)"
    done | lib_awk '
      {
        path = substr($0, 1, index($0, "\t") - 1); target = substr($0, index($0, "\t") + 1)
        out = target ~ /^\//
        real = inner(path); if (!sub(/\/[^\/]*$/, "", real)) real = ""
        n = split((real == "" ? "" : real "/") target, part, "/"); depth = 0
        for (i = 1; i <= n && !out; i++) {
          if (part[i] == "" || part[i] == ".") continue
          if (part[i] == "..") { if (depth-- <= 0) out = 1 } else depth++
        }
        if (out) row(soft("low", path), "symlink-outside", path, "", "Symbolic link leads out of the repository: " clean(target, 120) softened("low", path))
      }
    ' >>"$SCRATCH/rows"
}

private_keys
known_tokens
hardcoded_secrets
url_credentials
secret_files
dangerous_calls
shell_habits
bidi_controls
loose_modes
dependency_sources
dockerfiles
workflows
symlinks_outside
finish_review
