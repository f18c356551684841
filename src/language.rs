//! Languages: ISO 639-1 codes, with a script or region where storefronts tell them apart.

/// Declares the enum, its codes and names in one table: code, English name, the language's own name.
macro_rules! languages {
    ($($code:ident $name:literal $endonym:literal,)*) => {
        /// A language by its ISO 639-1 code, some with a region.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
        #[graphql(name = "LanguageCode")]
        #[expect(non_camel_case_types, reason = "the vocabulary writes regions behind an underscore")]
        pub enum Language {
            $(#[doc = $name] $code,)*
        }

        impl Language {
            pub const EVERY: &[Self] = &[$(Self::$code,)*];

            /// The code as the schema has it.
            pub fn code(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }

            pub fn from_code(code: &str) -> Option<Self> {
                match code { $(stringify!($code) => Some(Self::$code),)* _ => None }
            }

            /// The language's English name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// What its speakers call it.
            pub fn endonym(self) -> &'static str {
                match self { $(Self::$code => $endonym,)* }
            }
        }
    };
}

languages! {
    AF "Afrikaans" "Afrikaans",
    AK "Akan" "Akan",
    AM "Amharic" "አማርኛ",
    AR "Arabic" "العربية",
    AS "Assamese" "অসমীয়া",
    AZ "Azerbaijani" "azərbaycan",
    BE "Belarusian" "беларуская",
    BG "Bulgarian" "български",
    BM "Bambara" "bamanakan",
    BN "Bangla" "বাংলা",
    BO "Tibetan" "བོད་སྐད་",
    BR "Breton" "brezhoneg",
    BS "Bosnian" "bosanski",
    CA "Catalan" "català",
    CE "Chechen" "нохчийн",
    CKB "Central Kurdish" "کوردیی ناوەندی",
    CS "Czech" "čeština",
    CU "Church Slavic" "словѣньскъ",
    CY "Welsh" "Cymraeg",
    DA "Danish" "dansk",
    DE "German" "Deutsch",
    DZ "Dzongkha" "རྫོང་ཁ",
    EE "Ewe" "Eʋegbe",
    EL "Greek" "Ελληνικά",
    EN "English" "English",
    EO "Esperanto" "esperanto",
    ES "Spanish" "español",
    ET "Estonian" "eesti",
    EU "Basque" "euskara",
    FA "Persian" "فارسی",
    FF "Fulah" "Pulaar",
    FI "Finnish" "suomi",
    FIL "Filipino" "Filipino",
    FO "Faroese" "føroyskt",
    FR "French" "français",
    FY "Western Frisian" "Frysk",
    GA "Irish" "Gaeilge",
    GD "Scottish Gaelic" "Gàidhlig",
    GL "Galician" "galego",
    GU "Gujarati" "ગુજરાતી",
    GV "Manx" "Gaelg",
    HA "Hausa" "Hausa",
    HE "Hebrew" "עברית",
    HI "Hindi" "हिन्दी",
    HR "Croatian" "hrvatski",
    HU "Hungarian" "magyar",
    HY "Armenian" "հայերեն",
    IA "Interlingua" "interlingua",
    ID "Indonesian" "Indonesia",
    IG "Igbo" "Igbo",
    II "Sichuan Yi" "ꆈꌠꉙ",
    IS "Icelandic" "íslenska",
    IT "Italian" "italiano",
    JA "Japanese" "日本語",
    JV "Javanese" "Jawa",
    KA "Georgian" "ქართული",
    KI "Kikuyu" "Gikuyu",
    KK "Kazakh" "қазақ тілі",
    KL "Kalaallisut" "kalaallisut",
    KM "Khmer" "ខ្មែរ",
    KN "Kannada" "ಕನ್ನಡ",
    KO "Korean" "한국어",
    KS "Kashmiri" "کٲشُر",
    KU "Kurdish" "kurdî",
    KW "Cornish" "kernewek",
    KY "Kyrgyz" "кыргызча",
    LA "Latin" "Latina",
    LB "Luxembourgish" "Lëtzebuergesch",
    LG "Ganda" "Luganda",
    LN "Lingala" "lingála",
    LO "Lao" "ລາວ",
    LT "Lithuanian" "lietuvių",
    LU "Luba-Katanga" "Tshiluba",
    LV "Latvian" "latviešu",
    MG "Malagasy" "Malagasy",
    MI "Māori" "Māori",
    MK "Macedonian" "македонски",
    ML "Malayalam" "മലയാളം",
    MN "Mongolian" "монгол",
    MO "Moldavian" "moldovenească",
    MR "Marathi" "मराठी",
    MS "Malay" "Melayu",
    MT "Maltese" "Malti",
    MY "Burmese" "မြန်မာ",
    NB "Norwegian Bokmål" "norsk bokmål",
    ND "North Ndebele" "isiNdebele",
    NE "Nepali" "नेपाली",
    NL "Dutch" "Nederlands",
    NN "Norwegian Nynorsk" "norsk nynorsk",
    NO "Norwegian" "norsk",
    OM "Oromo" "Oromoo",
    OR "Odia" "ଓଡ଼ିଆ",
    OS "Ossetic" "ирон",
    PA "Punjabi" "ਪੰਜਾਬੀ",
    PL "Polish" "polski",
    PS "Pashto" "پښتو",
    PT "Portuguese" "português",
    PT_BR "Portuguese (Brazil)" "português (Brasil)",
    PT_PT "Portuguese (Portugal)" "português (Portugal)",
    QU "Quechua" "Runasimi",
    RM "Romansh" "rumantsch",
    RN "Rundi" "Ikirundi",
    RO "Romanian" "română",
    RU "Russian" "русский",
    RW "Kinyarwanda" "Kinyarwanda",
    SA "Sanskrit" "संस्कृत",
    SC "Sardinian" "sardu",
    SD "Sindhi" "سنڌي",
    SE "Northern Sami" "davvisámegiella",
    SG "Sango" "Sängö",
    SH "Serbo-Croatian" "srpskohrvatski",
    SI "Sinhala" "සිංහල",
    SK "Slovak" "slovenčina",
    SL "Slovenian" "slovenščina",
    SN "Shona" "chiShona",
    SO "Somali" "Soomaali",
    SQ "Albanian" "shqip",
    SR "Serbian" "српски",
    SU "Sundanese" "Basa Sunda",
    SV "Swedish" "svenska",
    SW "Swahili" "Kiswahili",
    TA "Tamil" "தமிழ்",
    TE "Telugu" "తెలుగు",
    TG "Tajik" "тоҷикӣ",
    TH "Thai" "ไทย",
    TI "Tigrinya" "ትግርኛ",
    TK "Turkmen" "türkmen dili",
    TO "Tongan" "lea fakatonga",
    TR "Turkish" "Türkçe",
    TT "Tatar" "татар",
    UG "Uyghur" "ئۇيغۇرچە",
    UK "Ukrainian" "українська",
    UR "Urdu" "اردو",
    UZ "Uzbek" "o‘zbek",
    VI "Vietnamese" "Tiếng Việt",
    VO "Volapük" "Volapük",
    WO "Wolof" "Wolof",
    XH "Xhosa" "isiXhosa",
    YI "Yiddish" "ייִדיש",
    YO "Yoruba" "Èdè Yorùbá",
    ZH "Chinese" "中文",
    ZH_CN "Chinese (Simplified)" "中文（简体）",
    ZH_TW "Chinese (Traditional)" "中文（繁體）",
    ZU "Zulu" "isiZulu",
}
