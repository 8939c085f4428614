//! Emoji that can be seen. Slint's software renderer leaves colour glyphs blank, so the bundled line-art font (Noto Emoji,
//! SIL Open Font License, fonts/OFL.txt) goes before every colour font of the system.

use std::sync::Arc;

use slint::fontique_011::{
    fontique::{Blob, FamilyId, GenericFamily},
    shared_collection,
};

static NOTO_EMOJI: &[u8] = include_bytes!("../fonts/NotoEmoji-Regular.ttf");

/// To be called after the platform is chosen and before the first text is drawn.
///
/// The system's own order stays behind what is set here, colour fonts included, so ours goes right behind the family that
/// letters and digits come from.
pub fn bring_emoji() {
    let mut collection = shared_collection();
    let ours: Vec<FamilyId> = collection
        .register_fonts(Blob::new(Arc::new(NOTO_EMOJI)), None)
        .into_iter()
        .map(|(family, _)| family)
        .collect();
    collection.set_generic_families(GenericFamily::Emoji, ours.iter().copied());
    for generic in [GenericFamily::SansSerif, GenericFamily::SystemUi, GenericFamily::UiSansSerif] {
        let letters = collection.generic_families(generic).next();
        collection.set_generic_families(generic, letters.into_iter().chain(ours.iter().copied()));
    }
}
