//! The spoken check: an epoch's authenticator as eight words, the same on all screens.
//!
//! 88 bits: with fewer a server that controls two groups could grind both to equal words (docs/reference/record.md, 6).
use serde::{Deserialize, Serialize};

use crate::crypto;

const ENGLISH: &str = include_str!("../words/en.txt");
const FRENCH: &str = include_str!("../words/fr.txt");
const LABEL: &[u8] = b"incamera words v1";
const COUNT: usize = 8;
const BITS: usize = 11;

/// The list: the charter's first language.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English
    En,
    /// French
    Fr,
}

impl Language {
    /// From its code, `en` or `fr`.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::En),
            "fr" => Some(Self::Fr),
            _ => None,
        }
    }

    /// The list as it is in the file, byte by byte.
    pub(crate) fn list(self) -> &'static str {
        match self {
            Self::En => ENGLISH,
            Self::Fr => FRENCH,
        }
    }
}

/// The words of an epoch authenticator: the first 88 bits of SHA-256("incamera words v1" ‖ authenticator), 11 bits a word.
pub fn words(epoch_authenticator: &[u8], language: Language) -> Vec<String> {
    let digest = crypto::sha256(&[LABEL, epoch_authenticator].concat());
    let list: Vec<&'static str> = language.list().lines().collect();
    let bit = |position: usize| usize::from(digest[position / 8] >> (7 - position % 8) & 1);
    (0..COUNT)
        .map(|word| compose(list[(0..BITS).fold(0, |index, offset| index << 1 | bit(word * BITS + offset))]))
        .collect()
}

/// NFC, for screens: the French list is in NFD, and has two accents.
fn compose(word: &str) -> String {
    word.replace("e\u{301}", "é").replace("e\u{300}", "è")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_the_pinned_ones() {
        let hex =
            |language: Language| crypto::sha256(language.list().as_bytes()).map(|byte| format!("{byte:02x}")).concat();
        let readme = include_str!("../words/README.md");
        for language in [Language::En, Language::Fr] {
            assert!(readme.contains(&hex(language)), "{language:?}");
            let list: Vec<&str> = language.list().lines().collect();
            assert_eq!(list.len(), 2048);
            assert!(
                list.iter().all(|word| compose(word).chars().all(|letter| !('\u{300}'..='\u{36f}').contains(&letter)))
            );
            assert_eq!(list.iter().collect::<std::collections::HashSet<_>>().len(), 2048);
        }
    }

    #[test]
    fn words_follow_the_authenticator() {
        assert_eq!(words(&[7; 48], Language::En), words(&[7; 48], Language::En));
        assert_ne!(words(&[7; 48], Language::En), words(&[8; 48], Language::En));
        assert_eq!(words(&[7; 48], Language::Fr).len(), COUNT);
    }
}
