//! A chart that brings the plugin `marker`, as somebody's platform would: it depends on the
//! library chart and has the component among its files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::process::Command;

const CHART: &str = "apiVersion: v2
name: marked
version: 0.1.0
dependencies:
  - name: codeflare-plugin
    version: 0.1.0
    repository: file://../codeflare-plugin
";
const PLUGIN: &str = r#"{{ include "codeflare-plugin.plugin" (dict "context" $ "name" "marker" "file" "files/marker.wasm"
     "spec" (dict "launcher" (dict "frameworks" (list "marker")))) }}
"#;

/// The chart, and Helm.
pub(crate) struct Chart {
    folder: TempDir,
    helm: PathBuf,
    kubeconfig: PathBuf,
    markers: PathBuf,
    namespace: String,
}

impl Chart {
    /// A chart that is to be installed into a namespace.
    pub(crate) fn new(namespace: &str) -> Result<Chart> {
        let variable =
            |name: &str| std::env::var_os(name).map(PathBuf::from).with_context(|| format!("{name} is not set"));
        let folder = tempfile::tempdir()?;
        let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/codeflare-plugin");
        for (name, text) in [("Chart.yaml", CHART), ("templates/plugin.yaml", PLUGIN)] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().context("a file without a folder")?)?;
            std::fs::write(path, text)?;
        }
        let to = folder.path().join("charts/codeflare-plugin");
        std::fs::create_dir_all(to.join("templates"))?;
        for name in ["Chart.yaml", "templates/_plugin.tpl"] {
            std::fs::copy(library.join(name), to.join(name))?;
        }
        std::fs::create_dir_all(folder.path().join("files"))?;
        Ok(Chart {
            folder,
            helm: variable("CODEFLARE_HELM")?,
            kubeconfig: variable("CODEFLARE_FAULTS_KUBECONFIG")?,
            markers: variable("CODEFLARE_TEST_MARKERS")?,
            namespace: namespace.to_owned(),
        })
    }

    /// Installs or upgrades it with the version of a mark; answers the digest of its bytes.
    pub(crate) async fn ship(&self, mark: &str) -> Result<String> {
        let file = self.folder.path().join("files/marker.wasm");
        std::fs::copy(self.markers.join(format!("{mark}.wasm")), &file)?;
        let chart = self.folder.path().display().to_string();
        self.helm(&["upgrade", "--install", "marked", &chart]).await?;
        Ok(super::trouble::sha256(&std::fs::read(file)?))
    }

    /// Uninstalls it.
    pub(crate) async fn uninstall(&self) -> Result<()> {
        self.helm(&["uninstall", "marked", "--wait"]).await
    }

    async fn helm(&self, arguments: &[&str]) -> Result<()> {
        let ended = Command::new(&self.helm)
            .args(arguments)
            .args(["--namespace", &self.namespace])
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .output()
            .await
            .context("CODEFLARE_HELM")?;
        ensure!(ended.status.success(), "helm {arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
        Ok(())
    }
}
