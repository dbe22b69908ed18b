/**
 * Whether a URI scheme may be an app's own (RFC 8252 §7.1), judged by its name. It must not be registered for another
 * purpose, must not make a browser or the operating system act, and must not open a page in a browser. An authorization
 * response to such a scheme would not reach the client, or would also do something else.
 *
 * @param scheme in lower case, without the colon
 */
export function isAppScheme(scheme: string): boolean {
  if (mcpClients.has(scheme)) return true
  // One letter is a drive on Windows.
  if (!/^[a-z][a-z0-9+.-]+$/.test(scheme)) return false
  return !registered.has(scheme) && !taken.has(scheme) && !families.test(scheme)
}

const list = (names: string) => new Set(names.trim().split(/\s+/))

/** Schemes of shipping MCP clients. They are accepted whatever a registry says. */
const mcpClients = list('claude cursor goose kiro vscode vscode-insiders warp windsurf zed')

/** Forms of names that belong to browsers' page handlers, to operating systems, or to web pages in disguise. */
const families = new RegExp(
  [
    // Web pages and browser extensions may handle these.
    '^(?:web|ext)[+]',
    // HTTP in a wrapper: a browser opens `googlechromes://host/` or `opera-https://host/` as the page of that host.
    'h(?:tt|xx)ps?$',
    '^https?[-+.]',
    '^(?:googlechrome|chrome|chromium|microsoft-edge|edge|opera|firefox|brave|vivaldi|safari|moz|arc)(?:$|s$|[-+])',
    '-extension$',
    // The operating system's own schemes.
    '^(?:ms|x|android)(?:$|[-+])',
    '^(?:itms|macappstore)',
    '^(?:microsoft|com[.](?:apple|android|google[.]android))[.]',
    // One protocol inside another.
    '[+](?:tcp|udp|ws|wss|ssh|unix|srv|file|tls|ssl)$',
    '^(?:jdbc|odbc|git|svn|hg|bzr)(?:$|[+])',
  ].join('|'),
)

/**
 * The permanent and historical schemes of IANA's registry (RFC 7595 §3 and §4). The list is kept by hand. It is of
 * 2022-11-18, plus schemes that became permanent since. https://www.iana.org/assignments/uri-schemes
 */
const registered = list(`
  aaa aaas about acap acct cap cid coap coap+tcp coap+ws coaps coaps+tcp coaps+ws crid data dav dict dns dtn example file
  ftp geo go gopher h323 http https iax icap im imap info ipn ipp ipps iris iris.beep iris.lwz iris.xpc iris.xpcs jabber
  ldap leaptofrogans mailto mid moqt msrp msrps mtqp mupdate mvrp mvrps news nfs ni nih nntp opaquelocktoken pkcs11 pop
  pres reload rtsp rtsps rtspu service session shttp sieve sip sips sms snmp soap.beep soap.beeps stun stuns tag tel
  telnet tftp thismessage tip tn3270 turn turns tv urn vemmi vnc ws wss xcon xcon-userid xmlrpc.beep xmlrpc.beeps xmpp
  z39.50r z39.50s
  bb drop fax filesystem grd mailserver modem p1 pack prospero snews upt videotex wais wpid z39.50`)

/**
 * Other schemes that have a meaning: schemes that browsers run or show, that web pages may handle by the HTML standard or by a
 * browser, network protocols and file shares, payments and identities, and apps that act on their links.
 */
const taken = list(`
  javascript vbscript livescript mocha jscript ecmascript blob view-source jar resource res wyciwyg mhtml mk its cfg feed
  feedready pcast webcal webcals devtools ddgquicklink duckduckgo yandexbrowser-open-url samsunginternet ucbrowser
  intent intents shortcuts shortcuts-production applescript shell shellexecute workflow automator hcp help man run exec cmd
  powershell terminal search search-ms prefs app-prefs app-settings settings preferences systempreferences calculator
  content appdata isostore local network proxy platform market play maps findmyiphone message messages imessage notes
  calendar contacts photos photos-redirect camera facetime facetime-audio facetime-prompt itunes
  mmsto mms smsto smse callto tel-av telprompt bluetooth wifi nfc dpp lpa
  irc irc6 ircs aim ymsgr msnim gtalk skype sgnl tg telegram whatsapp viber line slack zoommtg zoomus msteams
  wtai matrix mumble teamspeak ventrilo secondlife steam
  jnlp jnlps isolated-app mapi stssync finger spice ftps sftp scp ssh rsync smb cifs afp afs rdp rdar vnc-viewer telnets ldaps smtp smtps pop3 imaps mqtt mqtts amqp amqps
  redis rediss mongodb mysql postgres postgresql mssql sqlite memcached docker unix tcp udp tls ssl jms rmi rtmp rtmpt
  rtmfp mss dvb dlna-playcontainer dlna-playsingle cast casts quic quic-transport socks socks4 socks5 cvs gg gizmoproject
  apt snap flatpak mvn npm pip gem cargo
  magnet ed2k dweb ipfs ipns dat hyper ssb cabal ethereum web3 ens bitcoin bitcoincash lightning litecoin dogecoin monero
  simpleledger payto payment pay upi paypal gpay applepay taler lbry
  openpgp4fpr otpauth otpauth-migration fido secret-token wallet did openid openid4vp openid-vc openid-credential-offer
  haip mdoc eudi-openid4vp swid swidpath doi ark spiffe uuid-in-package shc
  onenote onenote-cmd palm oid ocf xri
`)
