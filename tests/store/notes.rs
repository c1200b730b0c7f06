//! Comments and tags are kept, undone and rebuilt as boxes are; accepting an image trusts its boxes.

use tator_domain::{BoxState, CommentKind, ImageState};
use tator_store::{CommentFilter, Edit, Error, ImageFilter};

use crate::harness::cellar::{Cellar, coins};
use crate::harness::rows::rows;

fn comment(text: &str, kind: CommentKind) -> Edit {
    Edit::Comment { text: text.to_owned(), kind: Some(kind), at: Some([3.5, 4.25]), box_id: Some(1) }
}

fn tag(tag: &str, on: bool) -> Edit {
    Edit::Tag { tag: tag.to_owned(), on: Some(on) }
}

fn state(value: ImageState) -> Edit {
    Edit::State { value }
}

fn sent_back(cellar: &Cellar) -> usize {
    let filter = ImageFilter { comments: Some(CommentFilter::SentBack), ..ImageFilter::default() };
    cellar.reader().images(&coins(), &filter, None, 10).unwrap().images.len()
}

#[test]
fn what_is_said_is_kept_and_can_be_asked_in_sql() {
    let mut cellar = Cellar::filled(2, 1);
    cellar.edit(1, "a", vec![comment(" Too wide. ", CommentKind::Note), tag(" Night   Shot", true), tag("x", true)]);
    cellar.edit(1, "b", vec![tag("X", false)]);
    cellar.reopen();
    let notes = cellar.reader().notes(&coins(), 1).unwrap();
    let [said] = &notes.comments[..] else { panic!("{notes:?}") };
    assert_eq!(
        (said.text.as_str(), said.author.as_str(), said.pin, said.box_id),
        ("Too wide.", "tester", Some([3.5, 4.25]), Some(1))
    );
    assert_eq!(notes.tags.iter().map(|t| t.tag.as_str()).collect::<Vec<_>>(), ["night shot"]);
    assert_eq!(cellar.reader().tags(&coins(), "SHOT", 9).unwrap(), [("night shot".to_owned(), 1)]);
    assert_eq!(rows(cellar.reader(), "SELECT image_id, text, x FROM coins.comments").len(), 1);
    let tagged = ImageFilter { tag: Some("night shot".into()), ..ImageFilter::default() };
    assert_eq!(cellar.reader().facets(&coins(), &tagged).unwrap().total, 1);
    assert_eq!(rows(cellar.reader(), &tagged.as_sql(&coins())).len(), 1);
    let asked =
        ImageFilter { condition: Some("image_id IN (SELECT image_id FROM tags)".into()), ..ImageFilter::default() };
    assert_eq!(cellar.reader().images(&coins(), &asked, None, 10).unwrap().images.len(), 1);
}

#[test]
fn a_comment_is_undone_and_done_again_under_its_number() {
    let mut cellar = Cellar::filled(1, 1);
    cellar.edit(1, "a", vec![comment("one", CommentKind::Note), tag("dark", true)]);
    let first = cellar.reader().notes(&coins(), 1).unwrap();
    cellar.undo(1, "u");
    assert_eq!(cellar.reader().notes(&coins(), 1).unwrap(), tator_store::Notes::default());
    cellar.reopen();
    cellar.redo(1, "r");
    assert_eq!(cellar.reader().notes(&coins(), 1).unwrap(), first);
    cellar.undo(1, "u2");
    cellar.edit(1, "b", vec![comment("two", CommentKind::Note)]);
    let second = &cellar.reader().notes(&coins(), 1).unwrap().comments[0];
    assert!(second.comment_id > first.comments[0].comment_id, "numbers are not given out twice");
}

#[test]
fn an_image_is_sent_back_and_accepted_and_both_can_be_undone() {
    let cellar = Cellar::new();
    let image = cellar.load_every_kind();
    let drafts = || {
        let boxes = cellar.reader().image(&coins(), image).unwrap().boxes;
        boxes.iter().filter(|b| b.state == BoxState::Draft).count()
    };
    assert_eq!(drafts(), 1);
    cellar.edit(image, "back", vec![comment("again", CommentKind::SentBack), state(ImageState::InProgress)]);
    assert_eq!((sent_back(&cellar), cellar.reader().comment_counts(&coins()).unwrap().sent_back), (1, 1));
    let accepted = cellar.edit(image, "accept", vec![state(ImageState::Reviewed)]);
    assert_eq!((accepted.state, drafts(), sent_back(&cellar)), (ImageState::Reviewed, 0, 0));
    let said = &cellar.reader().notes(&coins(), image).unwrap().comments[0];
    assert_eq!((said.resolved_by.as_deref(), said.resolved_at.is_some()), (Some("tester"), true));
    let undone = cellar.undo(image, "u1");
    assert_eq!((undone.state, drafts(), sent_back(&cellar)), (ImageState::InProgress, 1, 1));
    assert_eq!((cellar.undo(image, "u2").state, sent_back(&cellar)), (ImageState::Labelled, 0));
    let history = cellar.reader().history(&coins(), None, 10).unwrap();
    let back = history.iter().find(|c| c.title.contains("sent back: again")).unwrap();
    assert_eq!((back.author.as_str(), back.status.as_str()), ("tester", "undone"));
}

#[test]
fn comments_outlive_the_working_set() {
    let mut cellar = Cellar::filled(2, 1);
    cellar.edit(2, "a", vec![comment("kept", CommentKind::SentBack), tag("kept", true)]);
    let before = cellar.reader().notes(&coins(), 2).unwrap();
    cellar.writer().fold(&coins()).unwrap();
    cellar.close();
    for live in ["live.duckdb", "live.duckdb.wal"] {
        let _ = std::fs::remove_file(cellar.path().join(live));
    }
    cellar.reopen();
    assert_eq!(cellar.reader().notes(&coins(), 2).unwrap(), before);
    cellar.edit(2, "b", vec![comment("new", CommentKind::Note)]);
    let now = cellar.reader().notes(&coins(), 2).unwrap().comments;
    assert!(now[1].comment_id > now[0].comment_id, "{now:?}");
}

#[test]
fn nonsense_is_refused_and_changes_nothing() {
    let cellar = Cellar::filled(1, 1);
    let long = "x".repeat(4001);
    let nonsense = [
        comment("  ", CommentKind::Note),
        comment(&long, CommentKind::Note),
        comment("a\u{7}", CommentKind::Note),
        Edit::Comment { text: "a".into(), kind: None, at: Some([f64::NAN, 0.0]), box_id: None },
        tag("", true),
        tag(&"y".repeat(61), true),
        Edit::Resolve { comment_id: 77, resolved: None },
    ];
    for (n, edit) in nonsense.into_iter().enumerate() {
        let refused = cellar.try_edit(1, 0, &format!("n{n}"), vec![edit]);
        assert!(matches!(refused, Err(Error::Invalid(_))), "{n}: {refused:?}");
    }
    assert_eq!(cellar.reader().notes(&coins(), 1).unwrap(), tator_store::Notes::default());
}

#[test]
fn a_dataset_whose_people_were_never_published_is_rebuilt_without_them() {
    let mut cellar = Cellar::filled(1, 1);
    cellar.writer().fold(&coins()).unwrap();
    cellar.close();
    std::fs::remove_file(cellar.path().join("live.duckdb")).unwrap();
    // As an older Tator left it.
    std::fs::remove_dir_all(cellar.path().join("tables/coins/people")).unwrap();
    cellar.reopen();
    cellar.edit(1, "a", vec![tag("new", true)]);
    assert_eq!(cellar.reader().tags(&coins(), "", 9).unwrap().len(), 1);
}
