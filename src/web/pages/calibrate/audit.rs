//! What a calibration was made of, for whoever has to believe it.

use tator_pipeline::calibrate::{AppearanceNote, Labels, Protocol, Record};

/// How the test was kept apart, in words.
pub(super) fn protocol(record: &Record) -> String {
    match record.protocol {
        Protocol::Imported => {
            "It was made elsewhere: every labelled image here that it was not learnt from tests it.".to_owned()
        }
        Protocol::Split => "A part of the images was kept aside for one test.".to_owned(),
        Protocol::Nested { folds } => {
            format!("Few images: each of {folds} parts was tested once, by models that had not seen it.")
        }
    }
}

/// What looked at crops of the candidates.
pub(super) fn looks(note: &AppearanceNote) -> String {
    let encoder = format!("{} ({})", note.encoder, note.crop);
    match &note.head {
        Some(head) => {
            format!("{encoder}; head {} ({}) of {}, {:.16}…", head.name, head.id, head.dataset, head.artefact)
        }
        None => encoder,
    }
}

/// Name and value of everything that decides the result.
pub(super) fn facts(record: &Record) -> Vec<(&'static str, String)> {
    let options = &record.options;
    let labels = match options.labels {
        Labels::OneToOne => "one candidate an object",
        Labels::ManyToOne => "every candidate that overlaps an object",
    };
    let cap =
        options.wrong_per_right.map_or_else(|| "none".to_owned(), |cap| format!("{cap} wrong ones per right one"));
    let lineage = record.lineage.iter().map(|(model, lineage)| match (&lineage.condition, lineage.told) {
        (Some(condition), _) => format!("{model}: {} images left out ({condition})", lineage.seen_images),
        (None, true) if lineage.seen_images > 0 => format!("{model}: {} images left out", lineage.seen_images),
        (None, true) => format!("{model}: none of these images"),
        (None, false) => format!("{model}: nobody said"),
    });
    let rule = &record.rule;
    let thresholds = match rule.global {
        Some(least) => format!("{} classes with their own, {least:.3} for the others", rule.classes.len()),
        None => format!("{} classes with their own", rule.classes.len()),
    };
    let grown = record.tried.first().map(|tried| {
        let p = &tried.parameters;
        format!("{} trees, depth {}, step {}, seed {}", tried.rounds, p.max_depth, p.eta, p.seed)
    });
    let files = record.files.iter().map(|(name, hash)| format!("{name} {hash:.16}…"));
    vec![
        ("run", record.run.to_string()),
        ("data version", format!("change {}", record.data_version)),
        ("made of", record.key.clone()),
        ("seed", options.seed.to_string()),
        ("right from an IoU of", options.iou.to_string()),
        ("recall floor", options.recall_floor.to_string()),
        ("cap", cap),
        ("labels in training", labels.to_owned()),
        ("test images opened", format!("{} time", record.test_opened)),
        ("what models were trained on", lineage.collect::<Vec<_>>().join("; ")),
        ("suppression", format!("from an overlap of {}", rule.dedupe)),
        ("thresholds", format!("{thresholds}; bound by {}", rule.bound.replace('_', " "))),
        ("trees", grown.unwrap_or_default()),
        ("ways of growing tried", record.tried.len().to_string()),
        ("probability", format!("sigmoid, slope {:.4}, offset {:.4}", record.map.slope, record.map.offset)),
        ("crops looked at by", record.appearance.as_ref().map(looks).unwrap_or_default()),
        ("columns", format!("{}, {:.16}…", record.features.names.len(), record.features.hash)),
        ("columns left out", record.without.join(", ")),
        ("files", files.collect::<Vec<_>>().join(", ")),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .collect()
}
