//! What is known of every data set: its sizes, and of published ones the files, their checksums and their licence.

use traipse_sweep::network::Shape;
use traipse_sweep::settings::DataName;

/// A data set as it is published, or as it comes.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// Its name.
    pub name: DataName,
    /// What it is, in a few words.
    pub what: &'static str,
    /// Sizes, where they do not depend on the user's files or settings.
    pub sizes: Option<Sizes>,
    /// Its files; none where it has none, or where they are the user's own.
    pub files: &'static [PublishedFile],
    /// Under which terms it is published.
    pub licence: &'static str,
    /// Whom it comes from.
    pub source: &'static str,
}

/// The numbers of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Training examples.
    pub n_train: u64,
    /// Test examples.
    pub n_test: u64,
    /// Of an example.
    pub shape: Shape,
    /// Classes.
    pub n_classes: u64,
}

/// One file to download.
#[derive(Clone, Copy, Debug)]
pub struct PublishedFile {
    /// Its name in the data set's folder.
    pub name: &'static str,
    /// Where it is published.
    pub url: &'static str,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of the file as it is published, in hex.
    pub sha256: &'static str,
}

/// What is known of a set.
#[must_use]
pub fn published(name: DataName) -> &'static Published {
    let found = PUBLISHED.iter().find(|set| set.name == name);
    found.expect("PUBLISHED has every name, which a test checks")
}

const fn sizes(n_train: u64, n_test: u64, side: (usize, usize), n_classes: u64) -> Option<Sizes> {
    let shape = Shape { channels: side.0, height: side.1, width: side.1 };
    Some(Sizes { n_train, n_test, shape, n_classes })
}

const DRAWN: &str = "drawn from data.seed";
const OWN: &str = "your own files";

/// Every set, in the order of the documentation.
pub const PUBLISHED: [Published; 11] = [
    Published {
        name: DataName::Digits,
        what: "handwritten digits",
        sizes: sizes(1_442, 355, (1, 8), 10),
        files: &[],
        licence: "CC BY 4.0",
        source: "embedded: UCI optical digits, E. Alpaydin and C. Kaynak 1998",
    },
    Published {
        name: DataName::Mnist,
        what: "handwritten digits",
        sizes: sizes(60_000, 10_000, (1, 28), 10),
        files: &MNIST,
        licence: "CC BY-SA 3.0",
        source: "Y. LeCun, C. Cortes and C. Burges 1998",
    },
    Published {
        name: DataName::FashionMnist,
        what: "pictures of clothes",
        sizes: sizes(60_000, 10_000, (1, 28), 10),
        files: &FASHION_MNIST,
        licence: "MIT",
        source: "Zalando Research, H. Xiao, K. Rasul and R. Vollgraf 2017",
    },
    Published {
        name: DataName::Cifar10,
        what: "colour pictures of ten kinds of things",
        sizes: sizes(50_000, 10_000, (3, 32), 10),
        files: &CIFAR10,
        licence: "none stated; cite the report",
        source: "A. Krizhevsky, Learning multiple layers of features from tiny images, 2009",
    },
    Published {
        name: DataName::Cifar100,
        what: "colour pictures of a hundred kinds of things",
        sizes: sizes(50_000, 10_000, (3, 32), 100),
        files: &CIFAR100,
        licence: "none stated; cite the report",
        source: "A. Krizhevsky, Learning multiple layers of features from tiny images, 2009",
    },
    Published { name: DataName::Npz, what: "arrays of NumPy", sizes: None, files: &[], licence: "-", source: OWN },
    Published { name: DataName::Csv, what: "tables", sizes: None, files: &[], licence: "-", source: OWN },
    Published { name: DataName::Blobs, what: "Gaussian clouds", sizes: None, files: &[], licence: "-", source: DRAWN },
    Published { name: DataName::Spirals, what: "spiral arms", sizes: None, files: &[], licence: "-", source: DRAWN },
    Published {
        name: DataName::Teacher,
        what: "what a random network says",
        sizes: None,
        files: &[],
        licence: "-",
        source: DRAWN,
    },
    Published {
        name: DataName::Regression,
        what: "linear regression with a chosen spectrum",
        sizes: None,
        files: &[],
        licence: "-",
        source: DRAWN,
    },
];

const MNIST: [PublishedFile; 4] = [
    PublishedFile {
        name: "train-images-idx3-ubyte.gz",
        url: "https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz",
        bytes: 9_912_422,
        sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    },
    PublishedFile {
        name: "train-labels-idx1-ubyte.gz",
        url: "https://ossci-datasets.s3.amazonaws.com/mnist/train-labels-idx1-ubyte.gz",
        bytes: 28_881,
        sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    },
    PublishedFile {
        name: "t10k-images-idx3-ubyte.gz",
        url: "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-images-idx3-ubyte.gz",
        bytes: 1_648_877,
        sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    },
    PublishedFile {
        name: "t10k-labels-idx1-ubyte.gz",
        url: "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz",
        bytes: 4_542,
        sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
];

const FASHION_MNIST: [PublishedFile; 4] = [
    PublishedFile {
        name: "train-images-idx3-ubyte.gz",
        url: "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/train-images-idx3-ubyte.gz",
        bytes: 26_421_880,
        sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    },
    PublishedFile {
        name: "train-labels-idx1-ubyte.gz",
        url: "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/train-labels-idx1-ubyte.gz",
        bytes: 29_515,
        sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    },
    PublishedFile {
        name: "t10k-images-idx3-ubyte.gz",
        url: "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/t10k-images-idx3-ubyte.gz",
        bytes: 4_422_102,
        sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    },
    PublishedFile {
        name: "t10k-labels-idx1-ubyte.gz",
        url: "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/t10k-labels-idx1-ubyte.gz",
        bytes: 5_148,
        sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
];

const CIFAR10: [PublishedFile; 1] = [PublishedFile {
    name: "cifar-10-binary.tar.gz",
    url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    bytes: 170_052_171,
    sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
}];

const CIFAR100: [PublishedFile; 1] = [PublishedFile {
    name: "cifar-100-binary.tar.gz",
    url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    bytes: 168_513_733,
    sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
}];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_is_there_and_every_file_can_be_checked() {
        for name in DataName::ALL {
            let set = published(name);
            assert_eq!(set.sizes.is_some(), name == DataName::Digits || !set.files.is_empty(), "{name:?}");
            for file in set.files {
                assert!(file.url.starts_with("https://") && file.url.ends_with(file.name), "{file:?}");
                let is_hex = file.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                assert!(is_hex && file.sha256.len() == 64 && file.bytes > 1000, "{file:?}");
            }
        }
    }
}
