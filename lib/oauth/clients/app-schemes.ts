/**
 * Whether a URI scheme may belong to an app of somebody's own (RFC 8252 §7.1), as far as its name can tell: nothing that is
 * registered for another purpose, that a browser or the operating system acts upon, or that opens a page in a browser.
 * An authorization response to one of those would not reach the client, or would do something else besides.
 *
 * @param scheme in lower case, without the colon
 */
export function isAppScheme(scheme: string): boolean {
  if (mcpClients.has(scheme)) return true
  // One letter is a drive on Windows.
  if (!/^[a-z][a-z0-9+.-]+$/.test(scheme)) return false
  return !registered.has(scheme) && !taken.has(scheme) && !families.test(scheme)
}

/** Schemes of shipping MCP clients: accepted whatever a registry says of them. */
const mcpClients = new Set([
  'claude',
  'cursor',
  'goose',
  'kiro',
  'vscode',
  'vscode-insiders',
  'warp',
  'windsurf',
  'zed',
])

/** Names that are another purpose's by their form: of browsers' page handlers, operating systems, and pages in disguise. */
const families = new RegExp(
  [
    // What a web page may handle, or an extension of a browser.
    '^(?:web|ext)[+]',
    // HTTP in a wrapper: a browser opens `googlechromes://host/` or `opera-https://host/` as the page of that host.
    'h(?:tt|xx)ps?$',
    '^https?[-+.]',
    '^(?:googlechrome|chrome|chromium|microsoft-edge|edge|opera|firefox|brave|vivaldi|safari|moz|arc)(?:$|s$|[-+])',
    '-extension$',
    // The operating system's own.
    '^(?:ms|x|android)(?:$|[-+])',
    '^(?:itms|macappstore)',
    '^(?:microsoft|com[.](?:apple|android|google[.]android))[.]',
    // One protocol inside another.
    '[+](?:tcp|udp|ws|wss|ssh|unix|srv|file|tls|ssl)$',
    '^(?:jdbc|odbc|git|svn|hg|bzr)(?:$|[+])',
  ].join('|'),
)

const list = (names: string) => new Set(names.trim().split(/\s+/))

/**
 * IANA's registry of URI schemes, those that are permanent or historical: RFC 7595 §3 and §4. Kept by hand; as of
 * 2022-11-18, and those that became permanent since. https://www.iana.org/assignments/uri-schemes
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
 * Others that mean something else: what browsers run or show themselves, what the HTML standard and browsers let web pages
 * handle, network protocols and file shares, payments and identities, and apps that act on what they are told.
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
