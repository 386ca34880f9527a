package env

import (
	"shopkeeper/shared/consent"
	"shopkeeper/shared/table"
)

// Collect is what the collect function is told.
type Collect struct {
	Tables        map[table.Name]string
	Keys          string // ARN of the secret
	Public        string // address that links in mail begin with; empty: nobody is asked by mail, and who wants to be erased asks the shop
	Configuration string // set of SES, where there is a Public
}

// LoadCollect fills Collect; an Invalid fault names every variable that is missing or malformed.
func LoadCollect(lookup Lookup) (Collect, error) {
	r := reader{lookup: lookup}
	c := Collect{Tables: r.tables("events", "people", "profiles", "identity", "consent", "clicks", "shops", "suppression"), Keys: r.arn(KeysSecret, "secretsmanager")}
	if lookup(PublicURL) != "" {
		c.Public, c.Configuration = r.address(PublicURL), r.text(MailConfigurationSet)
	}
	return c, r.err()
}

// Recommend is what the recommend function is told.
type Recommend struct {
	Tables map[table.Name]string
	Bucket string // of models
	Keys   string // ARN of the secret
	Memory int64  // bytes for models; 0: the default
}

// LoadRecommend fills Recommend; an Invalid fault names every variable that is missing or malformed.
func LoadRecommend(lookup Lookup) (Recommend, error) {
	r := reader{lookup: lookup}
	c := Recommend{Tables: r.tables("profiles", "catalog", "clicks", "shops", "identity", "offers", "segments"), Bucket: r.text(BucketData), Keys: r.arn(KeysSecret, "secretsmanager"), Memory: r.megabytes(ModelMemory)}
	return c, r.err()
}

// Profile is what the profile function is told.
type Profile struct {
	Tables   map[table.Name]string
	Failures string // address of the queue
	Keys     string // ARN of the secret
}

// LoadProfile fills Profile; an Invalid fault names every variable that is missing or malformed.
func LoadProfile(lookup Lookup) (Profile, error) {
	r := reader{lookup: lookup}
	c := Profile{Tables: r.tables("events", "profiles", "people", "clicks", "shops", "consent"), Failures: r.address(QueueFailures), Keys: r.arn(KeysSecret, "secretsmanager")}
	return c, r.err()
}

// Archive is what the archive function is told.
type Archive struct {
	Bucket   string // that the archive is written to
	Failures string // address of the queue
}

// LoadArchive fills Archive; an Invalid fault names every variable that is missing or malformed.
func LoadArchive(lookup Lookup) (Archive, error) {
	r := reader{lookup: lookup}
	c := Archive{Bucket: r.text(BucketData), Failures: r.address(QueueFailures)}
	return c, r.err()
}

// Exposures is what the exposures function is told.
type Exposures struct {
	Bucket   string // that the log of exposures is written to
	Failures string // address of the queue
}

// LoadExposures fills Exposures; an Invalid fault names every variable that is missing or malformed.
func LoadExposures(lookup Lookup) (Exposures, error) {
	r := reader{lookup: lookup}
	c := Exposures{Bucket: r.text(BucketData), Failures: r.address(QueueFailures)}
	return c, r.err()
}

// Ingest is what the ingest function is told.
type Ingest struct {
	Tables  map[table.Name]string
	Bucket  string       // that files are dropped in
	Keys    string       // ARN of the secret
	Consent consent.Mode // of shops that choose none
}

// LoadIngest fills Ingest; an Invalid fault names every variable that is missing or malformed.
func LoadIngest(lookup Lookup) (Ingest, error) {
	r := reader{lookup: lookup}
	c := Ingest{
		Tables: r.tables("events", "people", "identity", "catalog", "shops", "imports", "consent"), Bucket: r.text(BucketData),
		Keys: r.arn(KeysSecret, "secretsmanager"), Consent: r.mode(Consent),
	}
	return c, r.err()
}

// Where the train function makes its lists.
const (
	TrainBuild      = "TRAIN_BUILD"      // embedded or warehouse; not set: embedded
	AthenaWorkgroup = "ATHENA_WORKGROUP" // of the warehouse
	AthenaDatabase  = "ATHENA_DATABASE"  // of the warehouse: its name in the Glue catalog
)

// Train is what the train function is told.
type Train struct {
	Tables    map[table.Name]string
	Bucket    string // of the archive and the models
	Bus       string
	Warehouse bool // lists are made by Athena, in Workgroup and Database; else by the function itself
	Workgroup string
	Database  string
}

// LoadTrain fills Train; an Invalid fault names every variable that is missing or malformed.
func LoadTrain(lookup Lookup) (Train, error) {
	r := reader{lookup: lookup}
	c := Train{Tables: r.tables("catalog", "consent", "shops"), Bucket: r.text(BucketData), Bus: r.text(BusName)}
	switch lookup(TrainBuild) {
	case "", "embedded":
	case "warehouse":
		c.Warehouse, c.Workgroup, c.Database = true, r.text(AthenaWorkgroup), r.text(AthenaDatabase)
	default:
		r.refuse(TrainBuild, "is neither embedded nor warehouse")
	}
	return c, r.err()
}
