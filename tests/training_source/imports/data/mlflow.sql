-- What mlflow 3.17.2 has written into its SQLite database, of the tables that are read.
CREATE TABLE "experiments" (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), 
	creation_time BIGINT, 
	last_update_time BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
INSERT INTO experiments VALUES (0, 'Default', '/nowhere/0', 'active', 1796073796320, 1796073796320, 'default');
INSERT INTO experiments VALUES (1, 'sweep', '/nowhere', 'active', 1796073796339, 1796073796339, 'default');
CREATE TABLE "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO runs VALUES ('1c6ee004a29646728d4e4dcdf8d3bdcb', 'good', 'UNKNOWN', '', '', 'unknown', 'FINISHED', 1700000000000, 1700000060000, '', 'active', '/nowhere/1c6ee004a29646728d4e4dcdf8d3bdcb/artifacts', 1, NULL);
INSERT INTO runs VALUES ('6f603322232c4520b110c5b95506f461', 'failed', 'UNKNOWN', '', '', 'unknown', 'FAILED', 1700000000001, 1700000002000, '', 'active', '/nowhere/6f603322232c4520b110c5b95506f461/artifacts', 1, NULL);
INSERT INTO runs VALUES ('353b18103f014c0abcd540806c8ac895', 'killed', 'UNKNOWN', '', '', 'unknown', 'RUNNING', 1700000000002, NULL, '', 'active', '/nowhere/353b18103f014c0abcd540806c8ac895/artifacts', 1, NULL);
INSERT INTO runs VALUES ('e8aaaf93f3024c4f855b5a7d92745444', 'deleted', 'UNKNOWN', '', '', 'unknown', 'RUNNING', 1700000000003, NULL, '', 'deleted', '/nowhere/e8aaaf93f3024c4f855b5a7d92745444/artifacts', 1, 1796073796832);
CREATE TABLE "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO metrics VALUES ('loss', 1.0, 1700000000000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 0, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000000000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 0, 0);
INSERT INTO metrics VALUES ('loss', 0.5, 1700000001000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 1, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000001000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 1, 0);
INSERT INTO metrics VALUES ('loss', 0.3333333333333333, 1700000002000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 2, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000002000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 2, 0);
INSERT INTO metrics VALUES ('loss', 0.25, 1700000003000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 3, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000003000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 3, 0);
INSERT INTO metrics VALUES ('loss', 0.2, 1700000004000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 4, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000004000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 4, 0);
INSERT INTO metrics VALUES ('loss', 0.16666666666666666, 1700000005000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 5, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000005000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 5, 0);
INSERT INTO metrics VALUES ('loss', 0.14285714285714285, 1700000006000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 6, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000006000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 6, 0);
INSERT INTO metrics VALUES ('loss', 0.0, 1700000007000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 7, 1);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000007000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 7, 0);
INSERT INTO metrics VALUES ('loss', 1.7976931348623157e+308, 1700000008000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 8, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000008000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 8, 0);
INSERT INTO metrics VALUES ('loss', 0.1, 1700000009000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 9, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000009000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 9, 0);
INSERT INTO metrics VALUES ('loss', 0.09090909090909091, 1700000010000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 10, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000010000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 10, 0);
INSERT INTO metrics VALUES ('loss', 0.08333333333333333, 1700000011000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 11, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000011000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 11, 0);
INSERT INTO metrics VALUES ('loss', 0.07692307692307693, 1700000012000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 12, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000012000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 12, 0);
INSERT INTO metrics VALUES ('loss', 0.07142857142857142, 1700000013000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 13, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000013000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 13, 0);
INSERT INTO metrics VALUES ('loss', 0.06666666666666667, 1700000014000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 14, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000014000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 14, 0);
INSERT INTO metrics VALUES ('loss', 0.0625, 1700000015000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 15, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000015000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 15, 0);
INSERT INTO metrics VALUES ('loss', 0.058823529411764705, 1700000016000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 16, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000016000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 16, 0);
INSERT INTO metrics VALUES ('loss', 0.05555555555555555, 1700000017000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 17, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000017000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 17, 0);
INSERT INTO metrics VALUES ('loss', 0.05263157894736842, 1700000018000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 18, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000018000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 18, 0);
INSERT INTO metrics VALUES ('loss', 0.05, 1700000019000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 19, 0);
INSERT INTO metrics VALUES ('lr', 0.5, 1700000019000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 19, 0);
INSERT INTO metrics VALUES ('eval/acc', 0.0, 1700000000000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 0, 0);
INSERT INTO metrics VALUES ('eval/acc', 0.2, 1700000001000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 0, 0);
INSERT INTO metrics VALUES ('eval/acc', 0.4, 1700000002000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 0, 0);
INSERT INTO metrics VALUES ('eval/acc', 0.6, 1700000003000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 0, 0);
INSERT INTO metrics VALUES ('eval/acc', 0.8, 1700000004000, '1c6ee004a29646728d4e4dcdf8d3bdcb', 0, 0);
INSERT INTO metrics VALUES ('loss', 3.0, 1700000000005, '6f603322232c4520b110c5b95506f461', 0, 0);
INSERT INTO metrics VALUES ('loss', 2.0, 1700000000005, '353b18103f014c0abcd540806c8ac895', 0, 0);
INSERT INTO metrics VALUES ('loss', 2.0, 1700000000005, 'e8aaaf93f3024c4f855b5a7d92745444', 0, 0);
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO params VALUES ('lr', '0.5', '1c6ee004a29646728d4e4dcdf8d3bdcb');
INSERT INTO params VALUES ('api_key', 'hunter2', '1c6ee004a29646728d4e4dcdf8d3bdcb');
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO tags VALUES ('mlflow.source.git.commit', 'abc123', '1c6ee004a29646728d4e4dcdf8d3bdcb');
INSERT INTO tags VALUES ('mlflow.runName', 'good', '1c6ee004a29646728d4e4dcdf8d3bdcb');
INSERT INTO tags VALUES ('mlflow.parentRunId', '1c6ee004a29646728d4e4dcdf8d3bdcb', '6f603322232c4520b110c5b95506f461');
INSERT INTO tags VALUES ('mlflow.runName', 'failed', '6f603322232c4520b110c5b95506f461');
INSERT INTO tags VALUES ('mlflow.runName', 'killed', '353b18103f014c0abcd540806c8ac895');
INSERT INTO tags VALUES ('mlflow.runName', 'deleted', 'e8aaaf93f3024c4f855b5a7d92745444');
