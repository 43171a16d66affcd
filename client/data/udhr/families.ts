/** Related languages as ISO 639-3 codes; a declaration without one ("und") is named by the package's own code. */
export interface Family {
  readonly name: string;
  readonly languages: string;
}

/**
 * The language families that the nations are made from, the largest and best known first, because a demonstration uses
 * the first few. The classification follows Ethnologue and Glottolog. A family that would be too large is divided at a
 * well-known branch, and families with fewer than three declarations are grouped at the end. Creoles are separate from
 * their lexifiers.
 */
export const families: readonly Family[] = [
  {
    // Includes Latin, their common ancestor, and Mozarabic.
    name: 'Romance',
    languages:
      'ast cat cos fra frp fur glg ita lad lat lij lld mwl mxi oci pcd por rgn roh ron rup spa src vec wln',
  },
  { name: 'Germanic', languages: 'afr dan deu eng fao fry gsw isl ltz nds nld nno nob sco swe ydd' },
  {
    name: 'Bantu',
    languages:
      'bem bum cjk kde kin kmb kng koo kqn ktu lin loz lua lue lug lun nba nbl ndo nso nya nym nyn run sna sot ssw ' +
      'suk swb swh toi tsn tso umb ven vmw xho yao zdj zul',
  },
  { name: 'Slavic', languages: 'bel bos bul ces cnr hrv hsb mkd pol rus slk slv srp ukr' },
  {
    name: 'Turkic',
    languages: 'alt azb azj chv cjs crh gag kaa kaz kir kjh sah slr tat tuk tur tyv uig uzn',
  },
  { name: 'Uralic', languages: 'ekk fin fkv hun koi krl nio sme smn sms vep yrk' },
  {
    name: 'Indo-Aryan',
    languages: 'ben bho ccp div guj hin hns mag mai mar npi pan pnb rmn san sin skr urd',
  },
  { name: 'Iranian', languages: 'ckb kmr oss pbu pes prs tgk tly' },
  { name: 'Celtic', languages: 'bre cym gla gle glv' },
  { name: 'Baltic', languages: 'lit lvs' },
  { name: 'Greek, Albanian and Armenian', languages: 'als ell hye' },
  { name: 'Creole', languages: 'acf bis cri crs hat jam kea kri mfe pap pcm pis pov tpi' },
  { name: 'Semitic', languages: 'aii amh arb heb mlt tir' },
  { name: 'Cushitic and Omotic', languages: 'aar dbr gaz gex jii kbr sid som ymm' },
  { name: 'Berber and Chadic', languages: 'hau kab tzm zgh' },
  { name: 'Nilo-Saharan', languages: 'bfa ddn dip dje fvr guk knc lot mas oki shk udu' },
  // Includes the Gbe languages.
  { name: 'Kwa', languages: 'ada ajg bci ewe fat fon gaa gej gjn nzi twi' },
  { name: 'Gur', languages: 'bba dag dga kbp kdh lob mfq mos nku tbz wwa xsm' },
  { name: 'Mande', languages: 'bam dyu emk gkp men snk sus vai' },
  // Includes the Mel languages and Limba, which were formerly classified as Atlantic.
  { name: 'Atlantic', languages: 'dyo fuf fuv kqs lia srr tem wol' },
  // Yoruboid, Edoid, Igboid, Idomoid, Cross River, Grassfields, Tivoid; Ijoid, Ubangian and Kordofanian.
  { name: 'Other Niger-Congo', languages: 'bax bin bvi ibb ibo idu ijs lns mor sag tiv yor' },
  { name: 'Sinitic', languages: '016 017 023 cjy cmn gan hak hsn nan wuu yue' },
  // 013 and 025 are Tujia; 021 is a Yi language.
  {
    name: 'Tibeto-Burman',
    languages: '013 021 025 bod cfm cnh ctd duu dzo hlt hni iii lus mya njo taj tji',
  },
  // 026 is the Korean of Yanbian.
  { name: 'Japonic and Koreanic', languages: '026 jpn kor' },
  { name: 'Mongolic and Tungusic', languages: 'eve evn gld khk oaa orh' },
  { name: 'Dravidian', languages: 'kan mal tam tel' },
  { name: 'Austroasiatic', languages: 'kha khm mnw vie' },
  // 014 is Maonan, 022 Gelao.
  { name: 'Kra-Dai', languages: '014 022 blt kkh lao shn tha zyb' },
  { name: 'Hmong-Mien', languages: 'hea hms hnj' },
  { name: 'Philippine', languages: 'bcl ceb hil ilo pam tgl war' },
  { name: 'Oceanic', languages: 'chk fij haw mah mri niu pon rar smo tah ton yap' },
  // Malayic, Javanese, Malagasy and others, including Amis of Taiwan. 050 is Batak.
  {
    name: 'Other Austronesian',
    languages: '050 abs ace ami ban bjn buc bug cha ind jav mad min pau plt pmy sun tdt tet zlm',
  },
  { name: 'Caucasian', languages: 'abk ady kat kbd' },
  {
    name: 'Quechuan and Aymaran',
    languages: 'ayr qug quh qul que quy quz qva qvc qvh qvm qvn qwh qxn qxu',
  },
  { name: 'Mayan', languages: 'cak hus kek mam quc toj tzh tzo yua' },
  { name: 'Oto-Manguean', languages: 'chj csa maz mxv mzi ote zam ztu' },
  { name: 'Arawakan', languages: 'ame cab cni cot cpu guc not trn' },
  { name: 'Tupian', languages: 'gnw gug gyr srq' },
  { name: 'Panoan and Tacanan', languages: 'amc cbr cbs ese mcd mcf shp tna' },
  { name: 'Jivaroan', languages: 'acu agr jiv' },
  { name: 'Barbacoan', languages: 'cbi cof kwi' },
  { name: 'Algic', languages: 'csw mic ojb' },
  { name: 'Constructed', languages: 'epo ido ina' },
  {
    name: 'Isolates and small families',
    languages:
      'amr arl arn auc ayo boa cas cbt cbu chr cic eus guu huu ike kal miq mto mtp nav nhn niv pbb piu ppl sey snn ' +
      'tca tob top tsz ura yad ykg yuz zro',
  },
];
