//! Which family ONNX files belong to, told by the names of their inputs and outputs, never by the names of the files.

use crate::network::Network;

/// Files of a family by their part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sniffed {
    /// Families they fit; more than one where names alone cannot tell.
    pub families: Vec<&'static str>,
    /// Part and place in the list that was looked at.
    pub parts: Vec<(&'static str, usize)>,
}

/// What one file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Decoder of one of these families.
    Decoder(&'static [&'static str]),
    /// Whole encoder of pictures of one of these families.
    Vectors(&'static [&'static str]),
    /// Takes a picture and words, or vectors of words, and gives boxes.
    Words(&'static [&'static str]),
    /// Takes words.
    Text,
    /// Takes one picture; the decoder beside it says whose.
    Picture,
    Unknown,
}

/// Looks at opened files; `None` when they are no model of a known family.
#[must_use]
pub fn sniff(files: &[Network]) -> Option<Sniffed> {
    let kinds: Vec<Kind> = files.iter().map(kind).collect();
    let place = |wanted: fn(&Kind) -> bool| kinds.iter().position(wanted);
    let text = place(|kind| *kind == Kind::Text);
    if let Some(model) = place(|kind| matches!(kind, Kind::Words(_))) {
        let Kind::Words(families) = kinds[model] else { return None };
        let parts = std::iter::once(("model", model)).chain(text.map(|at| ("text", at)));
        return Some(Sniffed { families: families.to_vec(), parts: parts.collect() });
    }
    let (families, mut parts) = match place(|kind| matches!(kind, Kind::Decoder(_))) {
        Some(decoder) => {
            let encoder = place(|kind| matches!(kind, Kind::Picture | Kind::Vectors(_)))?;
            let Kind::Decoder(families) = kinds[decoder] else { return None };
            // SAM 2.1 and SAM 3's tracker differ in the frame alone.
            let side = files[encoder].inputs().first().and_then(|port| port.shape.last().copied().flatten());
            let families = match families {
                ["sam2", "sam3"] if side == Some(1008) => &["sam3"],
                ["sam2", "sam3"] if side.is_some() => &["sam2"],
                other => other,
            };
            (families, vec![("encoder", encoder), ("decoder", decoder)])
        }
        None => {
            let encoder = place(|kind| matches!(kind, Kind::Vectors(_)))?;
            let Kind::Vectors(families) = kinds[encoder] else { return None };
            (families, vec![("encoder", encoder)])
        }
    };
    parts.extend(text.map(|at| ("text", at)));
    Some(Sniffed { families: families.to_vec(), parts })
}

fn kind(network: &Network) -> Kind {
    let takes = |name: &str| network.takes(name);
    let gives = |name: &str| network.gives(name);
    let one = network.inputs().len() == 1;
    if takes("batched_point_coords") {
        Kind::Decoder(&["efficient_sam"])
    } else if takes("image_positional_embeddings") {
        Kind::Decoder(&["sam_split"])
    } else if takes("input_boxes") && takes("input_points") {
        Kind::Decoder(&["sam2", "sam3"])
    } else if takes("high_res_feats_0") || takes("high_res_features1") {
        Kind::Decoder(&["sam2"])
    } else if takes("backbone_fpn_0") || takes("backbone_fpn_2") || takes("fpn_feat_0") {
        Kind::Decoder(&["sam3"])
    } else if takes("point_coords") && takes("image_embeddings") {
        Kind::Decoder(if takes("mask_input") { &["sam1"] } else { &["edge_sam"] })
    } else if takes("images") && takes("text_features") {
        Kind::Words(&["yolo_world"])
    } else if super::yoloe::fits(network.inputs(), network.outputs()) {
        Kind::Words(&["yoloe"])
    } else if takes("input_ids") && gives("logits") && (takes("pixel_mask") || takes("text_token_mask")) {
        Kind::Words(&["grounding_dino"])
    } else if takes("input_ids") && takes("pixel_values") && gives("pred_boxes") {
        Kind::Words(&["owl"])
    } else if takes("tokens") || takes("input_ids") || takes("text") || (one && network.inputs()[0].shape.len() == 2) {
        Kind::Text
    } else if one && gives("embedding") && gives("logits") {
        Kind::Vectors(&["efficientnet"])
    } else if one && gives("image_embeds") {
        Kind::Vectors(&["clip", "siglip"])
    } else if one && gives("pooler_output") {
        Kind::Vectors(&["siglip", "dinov3"])
    } else if one && gives("last_hidden_state") {
        Kind::Vectors(&["dinov2", "dinov3"])
    } else if one {
        Kind::Picture
    } else {
        Kind::Unknown
    }
}
