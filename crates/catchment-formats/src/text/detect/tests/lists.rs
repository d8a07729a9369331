//! Price lists, made from a seed: eighty products of some words each, with an accent here and there.

/// What a price list of a language is made from.
pub(super) struct PriceList {
    pub(super) language: &'static str,
    pub(super) encodings: &'static [&'static str],
    header: &'static str,
    nouns: &'static [&'static str],
    adjectives: &'static [&'static str],
    /// In one product of twenty.
    rare: &'static [&'static str],
    yes: &'static str,
    no: &'static str,
}

const PRODUCTS: u32 = 80;

impl PriceList {
    /// The list of a seed; the same each time.
    pub(super) fn text(&self, seed: u32) -> String {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
        let mut next = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            usize::try_from(state >> 8).unwrap() % below
        };
        let mut text = format!("{}\r\n", self.header);
        for product in 0..PRODUCTS {
            let noun = match product % 20 {
                7 => self.rare[next(self.rare.len())],
                _ => self.nouns[next(self.nouns.len())],
            };
            let adjective = self.adjectives[next(self.adjectives.len())];
            let (euros, cents) = (next(900) + 1, next(100));
            let is_on_offer = if next(2) == 0 { self.yes } else { self.no };
            text += &format!("{product};{noun} {adjective};{euros},{cents:02};{is_on_offer}\r\n");
        }
        text
    }
}

const WESTERN: &[&str] = &["windows-1252", "ibm850", "macintosh", "utf-8", "utf-16le"];
const CENTRAL: &[&str] = &["windows-1250", "iso-8859-2", "ibm852", "utf-8", "utf-16be"];

pub(super) const LISTS: [PriceList; 10] = [
    PriceList {
        language: "es",
        encodings: WESTERN,
        header: "código;descripción;precio;en oferta",
        nouns: &[
            "Silla",
            "Mesa",
            "Lámpara",
            "Sofá",
            "Cojín",
            "Estantería",
            "Sillón",
            "Armario",
            "Cajón",
            "Jarrón",
            "Espejo",
            "Colchón",
            "Butaca",
            "Perchero",
            "Cubertería",
            "Reloj",
            "Sábana",
            "Edredón",
        ],
        adjectives: &[
            "de jardín",
            "clásica",
            "rústico",
            "plegable",
            "económico",
            "de salón",
            "grande",
            "rojo",
            "cómodo",
            "única",
        ],
        rare: &["Muñeca", "Caña", "Señal", "Paño", "Bañera", "Araña", "Leña", "Otoño"],
        yes: "Sí",
        no: "No",
    },
    PriceList {
        language: "pt",
        encodings: &["windows-1252", "ibm850", "ibm860", "macintosh", "utf-8"],
        header: "código;descrição;preço;promoção",
        nouns: &[
            "Cadeira", "Balcão", "Sofá", "Colchão", "Lâmpada", "Relógio", "Armário", "Mesa", "Tapete",
            "Fogão", "Chaleira",
        ],
        adjectives: &[
            "de madeira",
            "clássico",
            "português",
            "prático",
            "à mão",
            "cômodo",
            "para bebê",
            "branca",
        ],
        rare: &["Botões", "Lençóis", "Maçã", "Cordões"],
        yes: "Sim",
        no: "Não",
    },
    PriceList {
        language: "fr",
        encodings: &["windows-1252", "iso-8859-15", "ibm850", "macintosh", "utf-8"],
        header: "référence;désignation;prix;en réserve",
        nouns: &[
            "Chaise",
            "Étagère",
            "Canapé",
            "Théière",
            "Fenêtre",
            "Lampe",
            "Bibliothèque",
            "Fauteuil",
            "Crémaillère",
            "Boîte",
        ],
        adjectives: &[
            "en chêne",
            "légère",
            "carré",
            "à tiroirs",
            "pliante",
            "française",
            "d'été",
            "bleu foncé",
        ],
        rare: &["Gâteau", "Hôtel", "Garçon", "Noël"],
        yes: "Oui",
        no: "Épuisé",
    },
    PriceList {
        language: "de",
        encodings: WESTERN,
        header: "Nummer;Größe;Preis;verfügbar",
        nouns: &[
            "Stuhl",
            "Küchentisch",
            "Schränkchen",
            "Türgriff",
            "Lampe",
            "Gemälde",
            "Löffel",
            "Bettwäsche",
            "Bücherregal",
        ],
        adjectives: &["groß", "schön", "grün", "weiß", "für Gäste", "günstig", "klein", "aus Österreich"],
        rare: &["Straßenschuh", "Fußbank", "Öllampe", "Überzug"],
        yes: "Ja",
        no: "Später",
    },
    PriceList {
        language: "pl",
        encodings: CENTRAL,
        header: "numer;nazwa;cena;dostępność",
        nouns: &[
            "Krzesło",
            "Stół",
            "Łóżko",
            "Półka",
            "Szafa",
            "Lampa",
            "Poduszka",
            "Świecznik",
            "Wieszak",
            "Kołdra",
            "Ręcznik",
        ],
        adjectives: &["duży", "biały", "drewniane", "żółty", "mała", "kuchenny", "składane", "do łazienki"],
        rare: &["Pościel", "Źródło", "Dzbań", "Ćwierć"],
        yes: "Tak",
        no: "Nie później",
    },
    PriceList {
        language: "cs",
        encodings: CENTRAL,
        header: "číslo;název;cena;skladem",
        nouns: &[
            "Židle",
            "Stůl",
            "Postel",
            "Skříň",
            "Křeslo",
            "Lampa",
            "Polštář",
            "Zrcadlo",
            "Věšák",
            "Koberec",
            "Přikrývka",
        ],
        adjectives: &["dřevěná", "bílý", "velká", "červené", "skládací", "do kuchyně", "žlutá", "měkký"],
        rare: &["Ťapka", "Ďáblík", "Koš", "Žebřík"],
        yes: "Ano",
        no: "Později",
    },
    PriceList {
        language: "hu",
        encodings: CENTRAL,
        header: "szám;megnevezés;ár;készleten",
        nouns: &[
            "Szék",
            "Asztal",
            "Ágy",
            "Szekrény",
            "Függöny",
            "Lámpa",
            "Tükör",
            "Szőnyeg",
            "Párna",
            "Fűszertartó",
            "Bögre",
        ],
        adjectives: &["fehér", "nagy", "összecsukható", "könnyű", "gyönyörű", "zöld", "bőr", "olcsó"],
        rare: &["Gyűrű", "Esőkabát", "Felhő", "Könyvtartó"],
        yes: "Igen",
        no: "Később",
    },
    PriceList {
        language: "tr",
        encodings: &["windows-1254", "ibm857", "utf-8"],
        header: "kod;açıklama;fiyat;stokta",
        nouns: &[
            "Sandalye",
            "Küçük masa",
            "Yatak",
            "Dolap",
            "Ayna",
            "Halı",
            "Yastık",
            "Çaydanlık",
            "Işık",
            "Şamdan",
        ],
        adjectives: &["büyük", "kırmızı", "yeşil", "ahşap", "katlanır", "geniş", "mavi"],
        rare: &["Ağaç", "Bağ", "İğne", "Düğme"],
        yes: "Evet",
        no: "Yakında değil",
    },
    PriceList {
        language: "ru",
        encodings: &[
            "windows-1251",
            "koi8-r",
            "iso-8859-5",
            "ibm866",
            "ibm855",
            "x-mac-cyrillic",
            "utf-8",
            "utf-16le",
        ],
        header: "номер;название;цена;в наличии",
        nouns: &["Стул", "Стол", "Кровать", "Шкаф", "Кресло", "Лампа", "Зеркало", "Ковёр", "Полка", "Одеяло"],
        adjectives: &["деревянный", "белая", "большой", "складной", "для кухни", "жёлтая", "мягкое"],
        rare: &["Щётка", "Подъёмник", "Этажерка", "Люстра"],
        yes: "Да",
        no: "Нет",
    },
    PriceList {
        language: "el",
        encodings: &["windows-1253", "iso-8859-7", "ibm737", "utf-8"],
        header: "κωδικός;περιγραφή;τιμή;διαθέσιμο",
        nouns: &["Καρέκλα", "Τραπέζι", "Κρεβάτι", "Ντουλάπα", "Καθρέφτης", "Χαλί", "Ράφι", "Πάπλωμα"],
        adjectives: &["ξύλινη", "λευκό", "μεγάλος", "πτυσσόμενη", "κόκκινο", "της κουζίνας"],
        rare: &["Ήλιος", "Έλατο", "Άρωμα"],
        yes: "Ναι",
        no: "Όχι",
    },
];
