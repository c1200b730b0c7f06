//! What to label next: labelled and packed images are left alone, every strategy gives as many as asked, a replay is
//! kept with its curves.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Shop;

fn ids(selection: &Value) -> Vec<i64> {
    selection["picks"].as_array().unwrap().iter().map(|pick| pick["image_id"].as_i64().unwrap()).collect()
}

#[test]
fn every_strategy_gives_new_images_and_a_package_takes_them() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::open(folder.path(), 12, 9);
    if !shop.embed() {
        return;
    }
    let select = |more: &[&str]| {
        let mut arguments = vec!["select", "--dataset", "seen", "--json", "--n", "4", "--strategy"];
        arguments.extend(more);
        shop.run(&arguments)
    };
    let without = select(&["uncertainty"]).expect(1);
    assert!(without.stderr.contains("activate a class head"), "{without:?}");
    shop.train(&["--activate"]);
    for strategy in ["k-centre", "k-means", "uncertainty", "hybrid", "balance", "random"] {
        let found = select(&[strategy]).expect(0).json();
        let picked = ids(&found);
        assert_eq!(picked.iter().collect::<BTreeSet<_>>().len(), 4, "{strategy}: {found}");
        assert!(picked.iter().all(|id| *id > 12), "{strategy} takes only images that nobody has labelled: {found}");
        assert_eq!(found["free"], 9);
        assert_eq!(ids(&select(&[strategy]).expect(0).json()), picked, "{strategy}: the same again");
    }
    let doubt = select(&["uncertainty"]).expect(0).json();
    assert!(doubt["doubt_from"].as_str().unwrap().contains("whole pictures"), "{doubt}");
    assert!(doubt["picks"][0]["doubt"].as_f64() >= doubt["picks"][3]["doubt"].as_f64(), "{doubt}");
    let first = select(&["k-centre", "--package", "Week 1"]).expect(0).json();
    assert!(first["package_id"].as_i64() >= Some(1), "{first}");
    let second = select(&["k-centre"]).expect(0).json();
    assert_eq!(second["free"], 5, "what waits in a package is spoken for");
    assert!(ids(&second).iter().all(|id| !ids(&first).contains(id)));
    let server = shop.serve();
    let packages = server.get("/api/v1/datasets/seen/packages");
    assert_eq!((&packages["packages"][0]["name"], &packages["packages"][0]["images"]), (&json!("Week 1"), &json!(4)));
    let page = server.page("/d/seen/select?strategy=random&n=3").1;
    assert!(page.contains("Get this batch") && page.contains("3 by random"), "{page}");
    let asked = json!({ "strategy": "random", "n": 2 });
    assert_eq!(ids(&server.post("/api/v1/datasets/seen/select", &asked)).len(), 2);
    server.post("/api/v1/datasets/seen/select", &json!({ "strategy": "random", "n": 5, "package": "Week 2" }));
    let nothing = server.post("/api/v1/datasets/seen/select", &json!({ "strategy": "k-centre" }));
    assert_eq!((ids(&nothing).len(), &nothing["free"]), (0, &json!(0)));
    assert!(nothing["note"].as_str().unwrap().contains("labelled, skipped, or in a package"), "{nothing}");
}

#[test]
fn a_replay_is_the_same_again_and_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::open(folder.path(), 40, 0);
    if !shop.embed() {
        return;
    }
    let replay = || {
        let arguments = [
            "select",
            "--dataset",
            "seen",
            "--simulate",
            "--seeds",
            "2",
            "--start",
            "4",
            "--step",
            "4",
            "--rounds",
            "2",
        ];
        shop.run(&[&arguments[..], &["--json"]].concat()).expect(0).json()
    };
    let (first, again) = (replay(), replay());
    assert_eq!(first["curves"], again["curves"], "the same seed, the same curves");
    let curves = first["curves"].as_array().unwrap();
    assert_eq!(curves.len(), 6);
    for curve in curves {
        let images: Vec<_> = curve["points"].as_array().unwrap().iter().map(|point| point["images"].clone()).collect();
        assert_eq!(images, [json!(4), json!(8), json!(12)], "{curve}");
        assert_eq!(curve["points"][0], curves[0]["points"][0], "all begin alike");
        assert_eq!(curve["gain"].is_null(), curve["strategy"] == "random");
        let end = &curve["points"][2]["macro_f1"];
        assert_eq!(
            (end["values"].as_array().unwrap().len(), &end["low"], &end["high"]),
            (2, &json!(null), &json!(null))
        );
    }
    let server = shop.serve();
    assert_eq!(server.get("/api/v1/datasets/seen/simulations")["simulations"].as_array().unwrap().len(), 2);
    let page = server.page("/d/seen/select").1;
    assert!(
        page.contains("What each strategy gained over chance") && page.contains("too few beginnings to tell"),
        "{page}"
    );
}
