//! What a column of the features says, in words a person can check by looking at the picture.

/// Columns with one meaning each: name, what stands before the value, what after it.
const PLAIN: &[(&str, &str, &str)] = &[
    ("score", "all looks together score it", ""),
    ("vote_max", "the surest box in it scores", ""),
    ("vote_mean", "its boxes score on average", ""),
    ("vote_std", "its boxes differ in score by", ""),
    ("vote_iou_max", "the box that fits it best overlaps it by", ""),
    ("vote_iou_mean", "its boxes overlap it on average by", ""),
    ("n_atoms", "it is made of", "boxes"),
    ("n_sources", "models that see it:", ""),
    ("centre_x", "it stands at", "of the image's width"),
    ("centre_y", "it stands at", "of the image's height"),
    ("rel_width", "it is as wide as", "of the image"),
    ("rel_height", "it is as high as", "of the image"),
    ("ln_area", "the logarithm of its share of the image is", ""),
    ("ln_aspect", "the logarithm of width by height is", ""),
    ("edge", "it is away from the image's edge by", "of its side"),
    ("same_support", "others of its class that overlap it:", ""),
    ("same_iou_max", "another of its class overlaps it by", ""),
    ("same_score_max", "an overlapping one of its class scores", ""),
    ("better_iou_max", "a surer one of its class overlaps it by", ""),
    ("better_margin", "beside a surer one of its class its score differs by", ""),
    ("other_support", "boxes of other classes that overlap it:", ""),
    ("other_iou_max", "one of another class overlaps it by", ""),
    ("other_margin", "beside one of another class its score differs by", ""),
    ("covered_by_better", "a surer box covers", "of it"),
    ("image_rank", "by score it is number", "on its image"),
    ("class_rank", "by score it is number", "of its class on its image"),
    ("image_count", "candidates on its image:", ""),
    ("class_count", "candidates of its class on its image:", ""),
    ("image_mean_other", "the others on its image score on average", ""),
    ("class_mean_other", "the others of its class score on average", ""),
    ("image_max", "the surest on its image scores", ""),
    ("below_class_max", "it is away from the surest of its class by", ""),
    ("near", "candidates close by:", ""),
    ("near_same", "candidates of its class close by:", ""),
    ("near_same_score", "one of its class close by scores", ""),
    ("z_ln_area", "its size differs from that of its class by", "deviations"),
    ("z_ln_aspect", "its shape differs from that of its class by", "deviations"),
    ("tail_ln_area", "its size is unusual for its class by", "deviations"),
    ("tail_ln_aspect", "its shape is unusual for its class by", "deviations"),
    ("class_share", "its class has a share of", "of all objects"),
    ("mean_support", "what overlaps it scores over all looks on average", ""),
    ("agreement", "looks agree on it by", ""),
    ("n_support", "looks that see its class there:", ""),
    ("head::own", "the head gives its class", ""),
    ("head::other", "the head gives the best other class", ""),
    ("head::lead", "for the head its class leads the best other by", "in log odds"),
    ("head::rank", "classes that the head finds more probable:", ""),
    ("head::entropy", "the head is undecided by", "nats"),
    ("head::background", "the head takes it for background by", ""),
];

/// Columns that are yes or no: name, words for yes, words for no.
const FLAGS: &[(&str, &str, &str)] = &[
    ("by_detector", "a detector sees it", "no detector sees it"),
    ("by_text", "found by its name", "not found by its name"),
    ("by_similarity", "looks like a labelled box", "looks like no labelled box"),
    ("only_text", "found by its name alone", "not found by its name alone"),
    ("only_similarity", "found by its looks alone", "not found by its looks alone"),
];

/// What each model says: beginning of the name, words before the value where there is one, words where there is none.
const VOTES: &[(&str, &str, &str)] = &[
    ("own::", "scores it", "does not see it"),
    ("support::", "scores the place", "sees nothing of its class there"),
    ("weighed::", "scores the place, weighed by overlap,", "sees nothing of its class there"),
    ("atoms::", "has boxes of its class there:", "has no box of its class there"),
];

fn short(value: f32) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A column and its value, in words.
#[must_use]
pub fn in_words(name: &str, value: Option<f32>) -> String {
    if let Some((model, with, without)) =
        VOTES.iter().find_map(|(head, with, without)| Some((name.strip_prefix(head)?, with, without)))
    {
        return value.map_or_else(|| format!("{model} {without}"), |value| format!("{model} {with} {}", short(value)));
    }
    if let Some((number, value)) = name.strip_prefix("crop::").zip(value) {
        return format!("how it looks, number {number}, is {}", short(value));
    }
    if let Some((_, yes, no)) = FLAGS.iter().find(|(known, ..)| *known == name) {
        return value.map_or_else(|| format!("{name} is not known"), |v| if v > 0.5 { *yes } else { *no }.to_owned());
    }
    match (PLAIN.iter().find(|(known, ..)| *known == name), value) {
        (Some((_, before, after)), Some(value)) => format!("{before} {} {after}", short(value)).trim_end().to_owned(),
        (Some((_, before, _)), None) => format!("{}: there is none", before.trim_end_matches([':', ' '])),
        (None, Some(value)) => format!("{name} is {}", short(value)),
        (None, None) => format!("{name} is not known"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_read_as_sentences() {
        assert_eq!(in_words("own::yolox_nano", Some(0.831)), "yolox_nano scores it 0.83");
        assert_eq!(in_words("own::a::b", None), "a::b does not see it");
        assert_eq!(in_words("crop::03", Some(-0.25)), "how it looks, number 03, is -0.25");
        assert_eq!(in_words("head::own", Some(0.9)), "the head gives its class 0.9");
        assert_eq!(in_words("by_text", Some(0.0)), "not found by its name");
        assert_eq!(in_words("covered_by_better", Some(0.5)), "a surer box covers 0.5 of it");
        assert_eq!(in_words("image_rank", Some(3.0)), "by score it is number 3 on its image");
        assert_eq!(in_words("same_iou_max", None), "another of its class overlaps it by: there is none");
        assert_eq!(in_words("projection_3", Some(-1.5)), "projection_3 is -1.5");
    }
}
