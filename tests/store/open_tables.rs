//! Other programs read the published tables while ours has the workspace open.

use tator_pipeline::Workbench;

use crate::harness::cellar::{Cellar, coins, small_limits};
use crate::harness::python;
use crate::harness::rows::number;

#[test]
fn pylance_and_duckdb_open_the_tables_while_the_workspace_is_open() {
    let mut cellar = Cellar::filled(25, 4);
    cellar.load_every_kind();
    cellar.writer().fold(&coins()).unwrap();
    let folder = cellar.reader().folders().tables_of(&coins());
    cellar.close();
    let workbench = Workbench::open(cellar.path(), &small_limits()).unwrap();
    let Some(seen) = python::with_packages("open_tables.py", &[&folder]) else { return };
    assert_eq!((&seen["images"], &seen["boxes"], &seen["classes"]), (&26.into(), &106.into(), &4.into()));
    assert_eq!(seen["boxes_schema_version"], "1");
    assert_eq!(seen["polygons"], 1);
    let ours = number(workbench.reader(), "SELECT count(*) FROM coins.boxes WHERE class_id = 2");
    assert_eq!(seen["by_class"][1][1], ours);
}
