//! Datasets on disk: real ones beside the repository when they are there, and small ones that tests write.

use std::fs;
use std::path::{Path, PathBuf};

/// A real annotated set; `None`, said on stderr, where they are not at hand.
pub fn real(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["../shared/datasets", "../../shared/datasets"].map(|place| root.join(place).join(name));
    let found = places.into_iter().find(|place| place.exists());
    if found.is_none() {
        eprintln!("skipped: ../shared/datasets/{name} is not here");
    }
    found
}

/// Writes a file with the folders above it.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A whole bitmap file of one grey.
pub fn bitmap(width: u32, height: u32, grey: u8) -> Vec<u8> {
    let row = (width as usize * 3).div_ceil(4) * 4;
    let pixels = vec![grey; row * height as usize];
    let mut file = b"BM".to_vec();
    for field in
        [54 + pixels.len() as u32, 0, 54, 40, width, height, 1 | 24 << 16, 0, pixels.len() as u32, 2835, 2835, 0, 0]
    {
        file.extend(field.to_le_bytes());
    }
    file.extend(pixels);
    file
}

/// A YOLO set in both of its folders: two splits, a negative, an image without a label file, equal names in two folders.
pub fn yolo(folder: &Path) {
    write(&folder.join("data.yaml"), "train: images/train\nval: images/val\nnames: [zebra, ant, 'big cat']\n");
    for (n, image) in
        ["train/one", "train/deep/two", "train/deep/one", "train/empty", "train/open", "val/one"].iter().enumerate()
    {
        let size = 40 + 8 * n as u32;
        write(&folder.join(format!("images/{image}.bmp")), bitmap(size, 32, 90 + n as u8));
        let rows = match n {
            3 => Some(String::new()),
            4 => None,
            n => Some(format!("{} 0.5 0.5 0.25 0.125\n0 0.{}1 0.4 0.2 0.333333\n", n % 3, n + 2)),
        };
        if let Some(rows) = rows {
            write(&folder.join(format!("labels/{image}.txt")), rows);
        }
    }
}

/// A small COCO set with all that the format has: gaps in the ids, outlines, both kinds of RLE, a crowd, unknown keys.
pub fn coco(folder: &Path) {
    write(&folder.join("images/a.bmp"), bitmap(40, 30, 1));
    write(&folder.join("images/sub/b.bmp"), bitmap(50, 60, 2));
    write(&folder.join("images/none.bmp"), bitmap(20, 20, 3));
    let text = r#"{"info":{"year":2020},"images":[
        {"id":9007199254740993,"file_name":"a.bmp","width":40,"height":30,"license":3},
        {"id":7,"file_name":"sub/b.bmp","width":50,"height":60},
        {"id":12,"file_name":"none.bmp","width":20,"height":20}],
      "annotations":[
        {"id":101,"image_id":9007199254740993,"category_id":90,"bbox":[1.1,2.2,10.3,7.7],"area":55.5,"iscrowd":0,"segmentation":[[1.1,2.2,11.4,2.2,6.0,9.9]]},
        {"id":5,"image_id":7,"category_id":3,"bbox":[0,0,50,60],"area":1500,"iscrowd":1,"segmentation":{"size":[60,50],"counts":[0,1500,1500]}},
        {"id":6,"image_id":7,"category_id":90,"bbox":[0.1,0.30000000000000004,3.3333333333333335,4],"area":13.3,"iscrowd":0,"score":0.25,"note":"kept"}],
      "categories":[{"id":90,"name":"zebra","supercategory":"animal"},{"id":3,"name":"ant","supercategory":""},{"id":44,"name":"unused"}]}"#;
    write(&folder.join("annotations.json"), text);
}
