use tator_vision::Placement;

use super::*;

fn place(image_id: ImageId) -> Place {
    Place { dataset: "coins".parse().expect("a name"), image_id }
}

fn kept(bytes: usize) -> Kept {
    let placement = Placement { width: 1, height: 1, scale_x: 1.0, scale_y: 1.0 };
    let encoding = Arc::new(Encoding { placement, tensors: Vec::new() });
    Kept { encoding, model: "m".into(), path: String::new(), encode_ms: 1.0, bytes, hits: 0, used: 0 }
}

fn next(slots: &Slots) -> Option<ImageId> {
    slots.next().map(|(place, _)| place.image_id)
}

#[test]
fn the_current_image_comes_first_then_the_way_ahead_then_the_way_back() {
    let mut slots = Slots::default();
    slots.wish("tab", place(5), Some(place(6)), Some(place(4)));
    let mut order = Vec::new();
    while let Some(image) = next(&slots) {
        order.push(image);
        slots.keep(place(image), kept(1), 100);
    }
    assert_eq!(order, [5, 6, 4]);
}

#[test]
fn a_click_comes_before_every_wish() {
    let mut slots = Slots::default();
    slots.wish("tab", place(5), Some(place(6)), None);
    slots.ask(&place(9));
    assert_eq!(next(&slots), Some(9));
    assert!(slots.is_wanted(&place(9)));
    assert!(!slots.is_wanted(&place(6)), "a preload gives way to what somebody waits for");
}

#[test]
fn moving_on_makes_a_preload_stale_or_current() {
    let mut slots = Slots::default();
    slots.wish("tab", place(5), Some(place(6)), None);
    slots.wish("tab", place(6), Some(place(7)), None);
    assert!(slots.is_wanted(&place(6)), "the preload under way is what is looked at now");
    assert!(!slots.is_wanted(&place(5)));
    slots.wish("tab", place(20), Some(place(21)), None);
    assert!(!slots.is_wanted(&place(7)));
}

#[test]
fn room_is_made_by_what_nobody_wishes_for_and_was_not_used_longest() {
    let mut slots = Slots::default();
    for image in 1..=3 {
        slots.keep(place(image), kept(10), 100);
    }
    assert!(slots.take(&place(1), "m").is_some());
    slots.wish("tab", place(2), None, None);
    slots.keep(place(4), kept(10), 30);
    let left: Vec<_> = slots.list().into_iter().map(|(place, ..)| place.image_id).collect();
    assert_eq!(left, [2, 1, 4], "3 was unwished and the longest unused");
    assert_eq!(slots.bytes(), 30);
}

#[test]
fn what_is_looked_at_stays_whatever_the_budget() {
    let mut slots = Slots::default();
    slots.wish("tab", place(1), Some(place(2)), None);
    slots.keep(place(1), kept(50), 10);
    slots.keep(place(2), kept(50), 10);
    assert!(slots.take(&place(1), "m").is_some() && slots.take(&place(2), "m").is_some());
}

#[test]
fn another_models_encoding_is_none() {
    let mut slots = Slots::default();
    slots.keep(place(1), kept(1), 10);
    assert!(slots.take(&place(1), "other").is_none());
}

#[test]
fn a_failure_is_told_and_tried_again_when_asked_again() {
    let mut slots = Slots::default();
    slots.wish("tab", place(1), None, None);
    slots.fail(place(1), "damaged".into());
    assert_eq!(next(&slots), None, "no endless trying");
    assert_eq!(slots.failure(&place(1)).as_deref(), Some("damaged"));
    slots.ask(&place(1));
    assert_eq!(next(&slots), Some(1));
}

#[test]
fn two_tabs_share_an_image() {
    let mut slots = Slots::default();
    slots.wish("a", place(1), Some(place(2)), None);
    slots.wish("b", place(2), Some(place(3)), None);
    assert_eq!(slots.role(&place(2)), Role::Current);
    slots.keep(place(2), kept(1), 10);
    assert_eq!(next(&slots), Some(1));
}
