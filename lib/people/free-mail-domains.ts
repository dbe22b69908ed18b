/**
 * Where anybody gets a mailbox, or an alias of one, without belonging to anything: the large providers of the world, those
 * of privacy-minded people, and access providers that give one to each household. Kept short on purpose, since a
 * company that is on such a list by mistake is locked out. A line is a name with each of its endings.
 */
const families = `
gmail com
googlemail com
yahoo com ca com.ar com.au com.br com.co com.hk com.mx com.my com.pe com.ph com.sg com.tr com.tw com.ve com.vn co.id co.in co.jp co.kr co.nz co.th co.uk co.za at be cl cz de dk es fi fr gr hu ie in it jp nl no pl pt ro se
ymail com
rocketmail com
myyahoo com
aol com co.uk de fr it es ca
aim com
hotmail com ca ch cl com.ar com.au com.br com.mx com.tr co.id co.il co.in co.jp co.kr co.nz co.th co.uk co.za at be cz de dk es fi fr gr hu it jp kr lt lv my nl no ph rs se sg sk
live com ca cl com.ar com.au com.mx com.my com.ph com.pt com.sg co.kr co.uk co.za at be cn de dk fi fr hk ie in it jp nl no ru se
outlook com com.ar com.au com.br com.gr com.tr com.vn co.id co.il co.nz co.th at be cl cz de dk es fr hu ie in it jp kr lv my ph pt sa sg sk
msn com co.uk
windowslive com
icloud com
me com
mac com
privaterelay.appleid com
proton me
protonmail com ch
pm me
passmail net
passinbox com
tutanota com de
tuta io com
tutamail com
keemail me
hey com
fastmail com fm
sent com
mailbox org
posteo de net org eu ch at
hushmail com
hush com
startmail com
runbox com
mailfence com
disroot org
riseup net
kolabnow com
countermail com
duck com
mozmail com
simplelogin com fr co
aleeas com
slmail me
anonaddy com me
zoho com eu in
zohomail com eu in
mail com bg
email com
usa com
post com
consultant com
engineer com
europe com
gmx com net de at ch fr us co.uk es
web de
t-online de
freenet de
arcor de
online de
o2online de
vodafone de
unitybox de
kabelmail de
yandex com ru by kz ua com.tr
ya ru
mail ru ua ee
inbox ru lv lt com
list ru
bk ru
internet ru
rambler ru
lenta ru
autorambler ru
myrambler ru
ro ru
qip ru
ukr net
i ua
meta ua
bigmir net
tut by
qq com
vip.qq com
foxmail com
163 com
126 com
yeah net
188 com
139 com
189 cn
wo cn
21cn com
tom com
sina com cn
sohu com
aliyun com
naver com
hanmail net
daum net
kakao com
nate com
docomo ne.jp
ezweb ne.jp
softbank ne.jp
i.softbank jp
nifty com
biglobe ne.jp
ocn ne.jp
so-net ne.jp
excite co.jp
rediffmail com
rediff com
sify com
orange fr
wanadoo fr
free fr
sfr fr
neuf fr
cegetel net
club-internet fr
laposte net
bbox fr
numericable fr
aliceadsl fr
libero it
virgilio it
tiscali it co.uk
alice it
tin it
tim it
email it
inwind it
iol it
fastwebnet it
telefonica net
terra com.br es
ono com
wp pl
o2 pl
onet pl eu
op pl
poczta.onet pl eu
vp pl
interia pl eu
gazeta pl
tlen pl
seznam cz
email cz
post cz
centrum cz sk
atlas cz sk
volny cz
azet sk
zoznam sk
freemail hu
citromail hu
indamail hu
abv bg
walla com co.il
bluewin ch
hispeed ch
chello at nl
aon at
skynet be
telenet be
ziggo nl
kpnmail nl
planet nl
home nl
hetnet nl
xs4all nl
casema nl
online no
telia com
bredband net
comhem se
spray se
luukku com
kolumbus fi
eircom net
btinternet com
btopenworld com
talktalk net
virginmedia com
virgin net
ntlworld com
blueyonder co.uk
sky com
plus net
comcast net
xfinity com
att net
sbcglobal net
bellsouth net
pacbell net
ameritech net
swbell net
verizon net
cox net
charter net
spectrum net
rr com
roadrunner com
twc com
earthlink net
mindspring com
juno com
netzero net
optonline net
optimum net
frontier com
frontiernet net
centurylink net
q com
windstream net
excite com
netscape net com
shaw ca
sympatico ca
bell net
videotron ca
telus net
bigpond com net.au
optusnet com.au
iinet net.au
tpg com.au
xtra co.nz
slingshot co.nz
mweb co.za
telkomsa net
vodamail co.za
uol com.br
bol com.br
ig com.br
globomail com
prodigy net.mx
`

export function freeMailDomains(): readonly string[] {
  return families
    .trim()
    .split('\n')
    .flatMap((family) => {
      const [name, ...endings] = family.split(' ')
      return endings.map((ending) => `${name}.${ending}`)
    })
}
