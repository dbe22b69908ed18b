import { describe, expect, test } from 'vitest'
import { isAppScheme } from './app-schemes.ts'

describe('schemes of apps', () => {
  test.each([
    ...['vscode', 'vscode-insiders', 'vscodium', 'cursor', 'windsurf', 'kiro', 'trae', 'zed', 'antigravity'],
    ...[
      'warp',
      'warppreview',
      'goose',
      'raycast',
      'claude',
      'chatgpt',
      'codex',
      'lmstudio',
      'librechat',
      'msty',
      'jan',
    ],
    ...['com.example.app', 'net.openid.appauthdemo', 'com.googleusercontent.apps.1-a2', 'io.modelcontextprotocol.x'],
    ...['arcadia', 'operations', 'mozart', 'edgecase', 'xcode-helper', 'httpie', 'msgraph', 'bravery', 'searchlight'],
    // Reversed domain names that begin like a scheme with another meaning.
    ...['ms.example.app', 'x.example', 'chrome.example', 'git-helper', 'search-assistant', 'intent-app', 'reader'],
  ])('%s', (scheme) => expect(isAppScheme(scheme)).toBe(true))
})

/** IANA's registry: permanent, then historical schemes. The list is apart from the code, which must contain all of them. */
const permanent = `aaa aaas about acap acct cap cid coap coap+tcp coap+ws coaps coaps+tcp coaps+ws crid data dav dict dns
  dtn example file ftp geo go gopher h323 http https iax icap im imap info ipn ipp ipps iris iris.beep iris.lwz iris.xpc
  iris.xpcs jabber ldap leaptofrogans mailto mid msrp msrps mtqp mupdate news nfs ni nih nntp opaquelocktoken pkcs11 pop
  pres reload rtsp rtsps rtspu service session shttp sieve sip sips sms snmp soap.beep soap.beeps stun stuns tag tel
  telnet tftp thismessage tip tn3270 turn turns tv urn vemmi vnc ws wss xcon xcon-userid xmlrpc.beep xmlrpc.beeps xmpp
  z39.50r z39.50s`
const historical = 'bb drop fax filesystem grd mailserver modem p1 pack prospero snews upt videotex wais wpid z39.50'

/** https://html.spec.whatwg.org/multipage/system-state.html#safelisted-scheme */
const safelisted = `bitcoin ftp ftps geo im irc ircs magnet mailto matrix mms news nntp openpgp4fpr sftp sip sms smsto ssh
  tel urn webcal wtai xmpp`

const ofSystems = `ms-settings ms-msdt ms-word ms-appinstaller x-apple x-apple.systempreferences x-help-action x-callback
  intent android-app android itms itms-apps itms-services itmss file shell search-ms search applescript shortcuts workflow
  jar res hcp prefs app-settings microsoft.windows.camera com.apple.tv com.android.settings facetime facetime-audio maps
  macappstore macappstores mapi stssync jnlp jnlps finger spice market smb afp cifs rdp sgnl calculator c`

const ofBrowsers = `javascript vbscript data blob about view-source resource chrome chrome-extension chrome-search
  chrome-untrusted devtools edge  moz-extension moz safari-extension safari-web-extension opera brave vivaldi
  firefox firefox-focus googlechrome googlechromes googlechrome-x-callback microsoft-edge microsoft-edge-https web+mcp ext+mcp
  browser-extension isolated-app wyciwyg http-app https-app http+app https.example onionhttp onionhttps touch-https opera-http brave-https duckduckgo`

describe.each(Object.entries({ permanent, historical, safelisted, ofSystems, ofBrowsers }))('%s', (_, names) => {
  test.each(names.trim().split(/\s+/))('%s is not the scheme of an app [N15]', (scheme) =>
    expect(isAppScheme(scheme)).toBe(false),
  )
})

test.each(['', 'A', 'WARP', '1app', '-app', 'app:', 'app/x', 'a b', '.app', 'ä'])('%j is not a scheme', (scheme) =>
  expect(isAppScheme(scheme)).toBe(false),
)
