//! Places in the body and what can be noticed there. Our own lists; ids are kept in journals for good.

use crate::vocabulary::folded;

#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    /// Lower-case ASCII and hyphens; never changes.
    pub id: &'static str,
    pub label: &'static str,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Quality {
    /// Lower-case ASCII and hyphens; never changes.
    pub id: &'static str,
    pub label: &'static str,
}

/// The place with this id or label. Case and spaces around it don't matter.
pub fn place(id_or_label: &str) -> Option<&'static Place> {
    let text = folded(id_or_label);
    PLACES.iter().find(|place| place.id == text || place.label == text)
}

/// The quality with this id or label. Case and spaces around it don't matter.
pub fn quality(id_or_label: &str) -> Option<&'static Quality> {
    let text = folded(id_or_label);
    QUALITIES.iter().find(|quality| quality.id == text || quality.label == text)
}

/// From top to toe.
pub static PLACES: &[Place] = &[
    Place { id: "head", label: "head" },
    Place { id: "forehead", label: "forehead" },
    Place { id: "eyes", label: "eyes" },
    Place { id: "face", label: "face" },
    Place { id: "jaw", label: "jaw" },
    Place { id: "throat", label: "throat" },
    Place { id: "neck", label: "neck" },
    Place { id: "shoulders", label: "shoulders" },
    Place { id: "arms", label: "arms" },
    Place { id: "hands", label: "hands" },
    Place { id: "chest", label: "chest" },
    Place { id: "heart", label: "heart" },
    Place { id: "upper-back", label: "upper back" },
    Place { id: "lower-back", label: "lower back" },
    Place { id: "stomach", label: "stomach" },
    Place { id: "belly", label: "belly" },
    Place { id: "hips", label: "hips" },
    Place { id: "legs", label: "legs" },
    Place { id: "feet", label: "feet" },
    Place { id: "skin", label: "skin" },
    Place { id: "whole-body", label: "whole body" },
];

/// Neighbours are alike.
pub static QUALITIES: &[Quality] = &[
    Quality { id: "tight", label: "tight" },
    Quality { id: "stiff", label: "stiff" },
    Quality { id: "pressing", label: "pressing" },
    Quality { id: "knotted", label: "knotted" },
    Quality { id: "heavy", label: "heavy" },
    Quality { id: "tired", label: "tired" },
    Quality { id: "hollow", label: "hollow" },
    Quality { id: "numb", label: "numb" },
    Quality { id: "cold", label: "cold" },
    Quality { id: "warm", label: "warm" },
    Quality { id: "hot", label: "hot" },
    Quality { id: "burning", label: "burning" },
    Quality { id: "aching", label: "aching" },
    Quality { id: "sharp", label: "sharp" },
    Quality { id: "pounding", label: "pounding" },
    Quality { id: "churning", label: "churning" },
    Quality { id: "fluttering", label: "fluttering" },
    Quality { id: "trembling", label: "trembling" },
    Quality { id: "tingling", label: "tingling" },
    Quality { id: "buzzing", label: "buzzing" },
    Quality { id: "light", label: "light" },
    Quality { id: "soft", label: "soft" },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names() -> [Vec<(&'static str, &'static str)>; 2] {
        [
            PLACES.iter().map(|place| (place.id, place.label)).collect(),
            QUALITIES.iter().map(|quality| (quality.id, quality.label)).collect(),
        ]
    }

    #[test]
    fn there_are_about_twenty_of_each_and_none_is_there_twice() {
        for names in names() {
            assert!((18..=24).contains(&names.len()), "{}", names.len());
            assert_eq!(names.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len(), names.len());
            assert_eq!(names.iter().map(|(_, label)| label).collect::<BTreeSet<_>>().len(), names.len());
        }
    }

    #[test]
    fn ids_are_kebab_case_and_labels_are_folded_already() {
        for (id, label) in names().concat() {
            assert!(id.split('-').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase())), "{id}");
            assert_eq!(label, folded(label));
        }
    }

    #[test]
    fn both_are_found_by_id_or_label_however_they_are_written() {
        let check = |text: &str, told: Option<&str>| assert_eq!(place(text).map(|place| place.id), told, "{text}");
        check("chest", Some("chest"));
        check(" Upper Back", Some("upper-back"));
        check("UPPER-BACK", Some("upper-back"));
        check("elbow", None);
        check("", None);
        let check =
            |text: &str, told: Option<&str>| assert_eq!(quality(text).map(|quality| quality.id), told, "{text}");
        check(" Tight ", Some("tight"));
        check("buzzing", Some("buzzing"));
        check("blue", None);
        check("", None);
    }
}
