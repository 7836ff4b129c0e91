BEGIN TRANSACTION;
CREATE TABLE contact (
	source VARCHAR(200) NOT NULL, 
	id VARCHAR(255) NOT NULL, 
	record TEXT NOT NULL, 
	updated_at DATETIME, 
	last_visit_at DATETIME, 
	latest_visit_at DATETIME, 
	email_key VARCHAR(320), 
	phone_key VARCHAR(20), 
	first_key VARCHAR(255) DEFAULT '' NOT NULL, 
	last_key VARCHAR(255) DEFAULT '' NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	reject_code VARCHAR(20), 
	remote_id VARCHAR(100), 
	linked_by VARCHAR(20), 
	agrees BOOLEAN, 
	owns_fields BOOLEAN DEFAULT 0 NOT NULL, 
	birthday_due BOOLEAN DEFAULT 0 NOT NULL, 
	linked_at DATETIME, 
	create_intent_at DATETIME, 
	create_round INTEGER DEFAULT '0' NOT NULL, 
	create_tries INTEGER DEFAULT '0' NOT NULL, 
	create_acknowledged BOOLEAN DEFAULT 0 NOT NULL, 
	dirty BOOLEAN DEFAULT 1 NOT NULL, 
	staged_run INTEGER NOT NULL, 
	created_run INTEGER, 
	PRIMARY KEY (source, id)
);
INSERT INTO "contact" VALUES('booker','1','{"birthday":"1961-03-02","city":"Gary","email":"ada1@example.com","first_name":"Ada","id":1,"last_name":"Byron"}','2026-03-02 15:00:00.000000','2025-12-12 15:00:00.000000','2025-12-12 15:00:00.000000','ada1@example.com',NULL,'ada','byron','linked',NULL,'b6a2721b91134bbe27ead237443de488','created',1,1,0,'2026-03-02 15:00:00.000000',NULL,0,0,0,0,1,1);
INSERT INTO "contact" VALUES('booker','2','{"city":"Aurora","email":"ada2@example.com","first_name":"Ada","id":2,"last_name":"Byron"}','2026-03-02 18:00:00.000000',NULL,'2026-03-02 17:00:00.000000','ada2@example.com',NULL,'ada','byron','linked',NULL,'4fb1475f299b3f916056d09cda3788d7','created',1,1,0,'2026-03-02 15:00:00.000000',NULL,0,0,0,0,6,1);
INSERT INTO "contact" VALUES('booker','3','{"email":"grace@example.com","first_name":"Grace","id":3,"last_name":"Hopper"}','2026-03-02 15:00:00.000000',NULL,'2026-03-02 17:00:00.000000','grace@example.com',NULL,'grace','hopper','linked',NULL,'41872ac220e94c7c9f70430e198ff603','e-mail',1,1,0,'2026-03-02 15:00:00.000000',NULL,0,0,0,0,1,NULL);
INSERT INTO "contact" VALUES('booker','4','{"email":"home@example.com","first_name":"Maria","id":4,"last_name":"Reyes"}','2026-03-02 15:00:00.000000',NULL,NULL,'home@example.com',NULL,'maria','reyes','linked',NULL,'a71daf024babb16a08167d399fa491a2','created',1,1,0,'2026-03-02 15:00:00.000000',NULL,0,0,0,0,1,1);
INSERT INTO "contact" VALUES('booker','5','{"email":"home@example.com","first_name":"Luis","id":5,"last_name":"Reyes"}','2026-03-02 15:00:00.000000',NULL,NULL,'home@example.com',NULL,'luis','reyes','linked',NULL,'a71daf024babb16a08167d399fa491a2','e-mail',0,0,0,'2026-03-02 15:00:00.000000',NULL,0,0,0,0,1,NULL);
INSERT INTO "contact" VALUES('booker','6','{"first_name":"Ada","id":6,"last_name":"Byron","phone":"unreadable"}','2026-03-02 15:00:00.000000',NULL,NULL,NULL,NULL,'ada','byron','rejected','RFZ-206',NULL,NULL,NULL,0,0,NULL,NULL,0,0,0,1,1,NULL);
INSERT INTO "contact" VALUES('booker','7','{"first_name":"Ada","id":7,"last_name":"Byron"}','2026-03-02 15:00:00.000000',NULL,NULL,NULL,NULL,'ada','byron','unreachable',NULL,NULL,NULL,NULL,0,0,NULL,NULL,0,0,0,1,1,NULL);
INSERT INTO "contact" VALUES('booker','8','{}',NULL,NULL,NULL,NULL,NULL,'','','forgotten',NULL,NULL,'created',1,1,0,'2026-03-02 15:00:00.000000',NULL,0,0,0,0,3,1);
INSERT INTO "contact" VALUES('booker','9','{"city":"Joliet","email":"ada9@example.com","first_name":"Ada","id":9,"last_name":"Byron"}','2026-03-02 18:00:00.000000',NULL,NULL,'ada9@example.com',NULL,'ada','byron','gone',NULL,NULL,'created',1,1,0,'2026-03-02 15:00:00.000000',NULL,0,0,0,0,4,1);
INSERT INTO "contact" VALUES('booker','s-1','{"city":"Gary","email":"adas-1@example.com","first_name":"Ada","id":"s-1","last_name":"Byron"}','2026-03-02 15:00:00.000000',NULL,NULL,'adas-1@example.com',NULL,'ada','byron','linked',NULL,'7253f22501f99c534afbba52e044485c','created',1,1,0,'2026-03-02 17:00:00.000000',NULL,0,0,0,0,3,3);
INSERT INTO "contact" VALUES('shop','w-1','{"email":"ada2@example.com","first_name":"Ada","id":"w-1","last_name":"Byron"}','2026-03-02 15:00:00.000000',NULL,'2026-03-02 09:00:00.000000','ada2@example.com',NULL,'ada','byron','linked',NULL,'4fb1475f299b3f916056d09cda3788d7','e-mail',1,0,0,'2026-03-02 18:00:00.000000',NULL,0,0,0,0,5,NULL);
CREATE TABLE event (
	no INTEGER NOT NULL, 
	run INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	kind VARCHAR(30) NOT NULL, 
	source VARCHAR(200), 
	contact_id VARCHAR(255), 
	remote_id VARCHAR(100), 
	detail TEXT NOT NULL, 
	PRIMARY KEY (no)
);
INSERT INTO "event" VALUES(1,1,'2026-03-02 15:00:00.000000','rejected','booker','6',NULL,'{"code": "RFZ-206"}');
INSERT INTO "event" VALUES(2,1,'2026-03-02 15:00:00.000000','linked','booker','3','41872ac220e94c7c9f70430e198ff603','{"by": "e-mail", "agrees": true}');
INSERT INTO "event" VALUES(3,1,'2026-03-02 15:00:00.000000','created','booker','2','4fb1475f299b3f916056d09cda3788d7','{"group": "Leads", "fields": ["email", "first_name", "last_name"]}');
INSERT INTO "event" VALUES(4,1,'2026-03-02 15:00:00.000000','created','booker','4','a71daf024babb16a08167d399fa491a2','{"group": "Leads", "fields": ["email", "first_name", "last_name"]}');
INSERT INTO "event" VALUES(5,1,'2026-03-02 15:00:00.000000','created','booker','8','efa4204d1b0311c12f059f7989504c8a','{"group": "Leads", "fields": ["email", "first_name", "last_name"]}');
INSERT INTO "event" VALUES(6,1,'2026-03-02 15:00:00.000000','created','booker','9','16c55159bfce761f3c499ae3d72a15fc','{"group": "Leads", "fields": ["email", "first_name", "last_name"]}');
INSERT INTO "event" VALUES(7,1,'2026-03-02 15:00:00.000000','created','booker','1','b6a2721b91134bbe27ead237443de488','{"group": "Current customers", "fields": ["city", "email", "first_name", "last_name", "last_visit_at"]}');
INSERT INTO "event" VALUES(8,1,'2026-03-02 15:00:00.000000','linked','booker','5','a71daf024babb16a08167d399fa491a2','{"by": "e-mail", "agrees": false}');
INSERT INTO "event" VALUES(9,1,'2026-03-02 15:00:00.000000','moved',NULL,NULL,'41872ac220e94c7c9f70430e198ff603','{"from": null, "to": "Leads", "why": "first time"}');
INSERT INTO "event" VALUES(10,2,'2026-03-02 16:00:00.000000','updated',NULL,NULL,'41872ac220e94c7c9f70430e198ff603','{"fields": ["last_visit_at"]}');
INSERT INTO "event" VALUES(11,2,'2026-03-02 16:00:00.000000','moved',NULL,NULL,'41872ac220e94c7c9f70430e198ff603','{"from": "Leads", "to": "Current customers", "why": "a visit"}');
INSERT INTO "event" VALUES(12,2,'2026-03-02 16:00:00.000000','updated',NULL,NULL,'4fb1475f299b3f916056d09cda3788d7','{"fields": ["last_visit_at"]}');
INSERT INTO "event" VALUES(13,2,'2026-03-02 16:00:00.000000','moved',NULL,NULL,'4fb1475f299b3f916056d09cda3788d7','{"from": "Leads", "to": "Current customers", "why": "a visit"}');
INSERT INTO "event" VALUES(14,2,'2026-03-02 16:00:00.000000','held','booker','3','41872ac220e94c7c9f70430e198ff603','{"visit": "12"}');
INSERT INTO "event" VALUES(15,2,'2026-03-02 16:00:00.000000','delivered','booker','2','4fb1475f299b3f916056d09cda3788d7','{"visit": "11"}');
INSERT INTO "event" VALUES(16,3,'2026-03-02 17:00:00.000000','created','booker','s-1','7253f22501f99c534afbba52e044485c','{"group": "Leads", "fields": ["city", "email", "first_name", "last_name"]}');
INSERT INTO "event" VALUES(17,3,'2026-03-02 17:00:00.000000','updated',NULL,NULL,'16c55159bfce761f3c499ae3d72a15fc','{"fields": ["last_visit_at"]}');
INSERT INTO "event" VALUES(18,3,'2026-03-02 17:00:00.000000','moved',NULL,NULL,'16c55159bfce761f3c499ae3d72a15fc','{"from": "Leads", "to": "Current customers", "why": "a visit"}');
INSERT INTO "event" VALUES(19,3,'2026-03-02 17:00:00.000000','merged','booker','3','41872ac220e94c7c9f70430e198ff603','{"visit": "15"}');
INSERT INTO "event" VALUES(20,3,'2026-03-02 17:00:00.000000','delivered','booker','9','16c55159bfce761f3c499ae3d72a15fc','{"visit": "14"}');
INSERT INTO "event" VALUES(21,4,'2026-03-02 18:00:00.000000','lost','booker','9','16c55159bfce761f3c499ae3d72a15fc','{}');
INSERT INTO "event" VALUES(22,4,'2026-03-02 18:00:00.000000','gone','booker','9',NULL,'{}');
INSERT INTO "event" VALUES(23,5,'2026-03-02 18:00:00.000000','linked','shop','w-1','4fb1475f299b3f916056d09cda3788d7','{"by": "e-mail", "agrees": true}');
CREATE TABLE meta (
	"key" VARCHAR(200) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('schema_version','1');
INSERT INTO "meta" VALUES('account','http://127.0.0.1:45021/referrizer/v1 sub:5a4db0c55a4db0c55a4db0c55a4db0c5');
INSERT INTO "meta" VALUES('policy','{"policy": "[[[\"Current customers\", 3, \"months\"], [\"Past customers\", null, null]], \"Leads\", \"America/Chicago\"]", "sources": ["booker", "shop"]}');
INSERT INTO "meta" VALUES('shape:booker','{"zone": "America/Chicago", "places": {"accepts_email": ["unsubscribedFromEmail"], "accepts_sms": ["unsubscribedFromText"], "birthday": ["birthday"], "city": ["address", "city"], "email": ["email"], "first_name": ["firstName"], "group": ["customFields", "Customer Group"], "is_member": ["customFields", "CRM Member"], "last_name": ["lastName"], "last_visit_at": ["customFields", "Last Visit Date"], "phone": ["phone"], "state": ["address", "state"], "street": ["address", "street"], "zip": ["address", "zip"]}, "country": "US", "opt_outs": false, "sources": []}');
INSERT INTO "meta" VALUES('first_run:booker','2026-03-02T15:00:00+00:00');
INSERT INTO "meta" VALUES('first_run_final:booker','yes');
INSERT INTO "meta" VALUES('index_no','2');
INSERT INTO "meta" VALUES('origin','first');
INSERT INTO "meta" VALUES('index_at','2026-03-02T18:00:00+00:00');
INSERT INTO "meta" VALUES('shape:shop','{"zone": "America/Chicago", "places": {"accepts_email": ["unsubscribedFromEmail"], "accepts_sms": ["unsubscribedFromText"], "birthday": ["birthday"], "city": ["address", "city"], "email": ["email"], "first_name": ["firstName"], "group": ["customFields", "Customer Group"], "is_member": ["customFields", "CRM Member"], "last_name": ["lastName"], "last_visit_at": ["customFields", "Last Visit Date"], "phone": ["phone"], "state": ["address", "state"], "street": ["address", "street"], "zip": ["address", "zip"]}, "country": "US", "opt_outs": false, "sources": []}');
INSERT INTO "meta" VALUES('first_run:shop','2026-03-02T18:00:00+00:00');
INSERT INTO "meta" VALUES('first_run_final:shop','yes');
CREATE TABLE rejection (
	source VARCHAR(200) NOT NULL, 
	stream VARCHAR(50) NOT NULL, 
	id VARCHAR(255) NOT NULL, 
	code VARCHAR(20) NOT NULL, 
	reason TEXT NOT NULL, 
	record TEXT, 
	first_run INTEGER NOT NULL, 
	last_run INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	settled_at DATETIME, 
	PRIMARY KEY (source, stream, id)
);
INSERT INTO "rejection" VALUES('booker','contacts','6','RFZ-206','the phone is unreadable and there is no usable e-mail','{"first_name":"Ada","id":6,"last_name":"Byron","phone":"unreadable"}',1,1,'2026-03-02 15:00:00.000000',NULL);
CREATE TABLE remote_contact (
	id VARCHAR(100) NOT NULL, 
	email_key VARCHAR(320), 
	phone_key VARCHAR(20), 
	first_key VARCHAR(255) DEFAULT '' NOT NULL, 
	last_key VARCHAR(255) DEFAULT '' NOT NULL, 
	shown TEXT DEFAULT '{}' NOT NULL, 
	index_no INTEGER NOT NULL, 
	is_linked BOOLEAN DEFAULT 0 NOT NULL, 
	is_gone BOOLEAN DEFAULT 0 NOT NULL, 
	is_forgotten BOOLEAN DEFAULT 0 NOT NULL, 
	baseline_visit_at DATETIME, 
	latest_visit_at DATETIME, 
	desired TEXT DEFAULT '{}' NOT NULL, 
	confirmed TEXT DEFAULT '{}' NOT NULL, 
	confirmed_group VARCHAR(200), 
	birthday VARCHAR(10), 
	intent_at DATETIME, 
	refused TEXT, 
	written_run INTEGER, 
	PRIMARY KEY (id)
);
INSERT INTO "remote_contact" VALUES('41872ac220e94c7c9f70430e198ff603','grace@example.com',NULL,'grace','hopper','{"accepts_email":false,"accepts_sms":false,"birthday":null,"city":null,"email":"grace@example.com","first_name":"Grace","group":"Current customers","last_name":"Hopper","last_visit_at":"2026-03-02","phone":null,"state":null,"street":null,"zip":null}',2,1,0,0,NULL,'2026-03-02 17:00:00.000000','{"email":"grace@example.com","first_name":"Grace","last_name":"Hopper","last_visit_at":"2026-03-02"}','{"email":"grace@example.com","first_name":"Grace","last_name":"Hopper","last_visit_at":"2026-03-02"}','Current customers',NULL,NULL,NULL,2);
INSERT INTO "remote_contact" VALUES('4fb1475f299b3f916056d09cda3788d7','ada2@example.com',NULL,'ada','byron','{"accepts_email":false,"accepts_sms":false,"birthday":null,"city":null,"email":"ada2@example.com","first_name":"Ada","group":"Current customers","last_name":"Byron","last_visit_at":"2026-03-02","phone":null,"state":null,"street":null,"zip":null}',2,1,0,0,NULL,'2026-03-02 17:00:00.000000','{"city":"Aurora","email":"ada2@example.com","first_name":"Ada","last_name":"Byron","last_visit_at":"2026-03-02"}','{"email":"ada2@example.com","first_name":"Ada","last_name":"Byron","last_visit_at":"2026-03-02"}','Current customers',NULL,NULL,NULL,2);
INSERT INTO "remote_contact" VALUES('a71daf024babb16a08167d399fa491a2','home@example.com',NULL,'maria','reyes','{"accepts_email":false,"accepts_sms":false,"birthday":null,"city":null,"email":"home@example.com","first_name":"Maria","group":"Leads","last_name":"Reyes","phone":null,"state":null,"street":null,"zip":null}',2,1,0,0,NULL,NULL,'{"email":"home@example.com","first_name":"Maria","last_name":"Reyes"}','{"email":"home@example.com","first_name":"Maria","last_name":"Reyes"}','Leads',NULL,NULL,NULL,1);
INSERT INTO "remote_contact" VALUES('efa4204d1b0311c12f059f7989504c8a',NULL,NULL,'','','{}',1,0,0,1,NULL,NULL,'{}','{}','Leads',NULL,NULL,NULL,1);
INSERT INTO "remote_contact" VALUES('16c55159bfce761f3c499ae3d72a15fc','ada9@example.com',NULL,'ada','byron','{"email":"ada9@example.com","first_name":"Ada","group":"Leads","last_name":"Byron"}',1,0,1,0,NULL,NULL,'{}','{}',NULL,NULL,NULL,NULL,3);
INSERT INTO "remote_contact" VALUES('b6a2721b91134bbe27ead237443de488','ada1@example.com',NULL,'ada','byron','{"accepts_email":false,"accepts_sms":false,"birthday":"1961-03-02","city":"Gary","email":"ada1@example.com","first_name":"Ada","group":"Current customers","last_name":"Byron","last_visit_at":"2025-12-12","phone":null,"state":null,"street":null,"zip":null}',2,1,0,0,NULL,'2025-12-12 15:00:00.000000','{"city":"Gary","email":"ada1@example.com","first_name":"Ada","last_name":"Byron","last_visit_at":"2025-12-12"}','{"city":"Gary","email":"ada1@example.com","first_name":"Ada","last_name":"Byron","last_visit_at":"2025-12-12"}','Current customers',NULL,NULL,NULL,1);
INSERT INTO "remote_contact" VALUES('7253f22501f99c534afbba52e044485c','adas-1@example.com',NULL,'ada','byron','{"accepts_email":false,"accepts_sms":false,"birthday":null,"city":"Gary","email":"adas-1@example.com","first_name":"Ada","group":"Leads","last_name":"Byron","phone":null,"state":null,"street":null,"zip":null}',2,1,0,0,NULL,NULL,'{"city":"Gary","email":"adas-1@example.com","first_name":"Ada","last_name":"Byron"}','{"city":"Gary","email":"adas-1@example.com","first_name":"Ada","last_name":"Byron"}','Leads',NULL,NULL,NULL,3);
CREATE TABLE run (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	source VARCHAR(200) NOT NULL, 
	pid INTEGER NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	started_at DATETIME NOT NULL, 
	as_of DATETIME NOT NULL, 
	phase VARCHAR(20) NOT NULL, 
	progress INTEGER DEFAULT '0' NOT NULL, 
	total INTEGER DEFAULT '0' NOT NULL, 
	finished_at DATETIME, 
	exit_code INTEGER, 
	accounting TEXT
);
INSERT INTO "run" VALUES(1,'booker',23409,'salon','2026-03-02 15:00:00.000000','2026-03-02 15:00:00.000000','ended',0,0,'2026-03-02 15:00:00.000000',0,'{"source": "booker", "run": 1, "exit_code": 0, "contacts": {"read": 9, "created": 5, "updated": 1, "unchanged": 1, "skipped": 1, "waiting": 0, "rejected": 1, "superseded": 0, "reasons": {"rejected": {"RFZ-206": 1}, "skipped": {"unreachable": 1}}}, "check_ins": {"read": 1, "delivered": 0, "already_delivered": 0, "merged": 0, "history": 1, "skipped": 0, "waiting": 0, "held": 0, "rejected": 0, "superseded": 0, "reasons": {}}, "besides": {"updated_by_their_check_ins": 0, "moved_as_time_passed": 0}, "backlog": {"contacts_created": 0, "contacts_updated": 0, "visits_delivered": 0, "visits_merged": 0, "visits_held": 0}, "groups": {"Current customers": 1, "Leads": 5}, "calls": {"reads": 3, "writes": 6, "retries": 0}}');
INSERT INTO "run" VALUES(2,'booker',23409,'salon','2026-03-02 16:00:00.000000','2026-03-02 16:00:00.000000','ended',2,2,'2026-03-02 16:00:00.000000',3,'{"source": "booker", "run": 2, "exit_code": 3, "contacts": {"read": 0, "created": 0, "updated": 0, "unchanged": 0, "skipped": 0, "waiting": 0, "rejected": 0, "superseded": 0, "reasons": {}}, "check_ins": {"read": 3, "delivered": 1, "already_delivered": 0, "merged": 0, "history": 0, "skipped": 0, "waiting": 1, "held": 1, "rejected": 0, "superseded": 0, "reasons": {"waiting": {"no_contact_yet": 1}}}, "besides": {"updated_by_their_check_ins": 2, "moved_as_time_passed": 0}, "backlog": {"contacts_created": 0, "contacts_updated": 0, "visits_delivered": 0, "visits_merged": 0, "visits_held": 0}, "groups": {"Current customers": 3, "Leads": 3}, "calls": {"reads": 2, "writes": 4, "retries": 0}}');
INSERT INTO "run" VALUES(3,'booker',23409,'salon','2026-03-02 17:00:00.000000','2026-03-02 17:00:00.000000','ended',2,2,'2026-03-02 17:00:00.000000',3,'{"source": "booker", "run": 3, "exit_code": 3, "contacts": {"read": 2, "created": 1, "updated": 0, "unchanged": 0, "skipped": 1, "waiting": 0, "rejected": 0, "superseded": 0, "reasons": {"skipped": {"forgotten": 1}}}, "check_ins": {"read": 3, "delivered": 1, "already_delivered": 1, "merged": 1, "history": 0, "skipped": 0, "waiting": 0, "held": 0, "rejected": 0, "superseded": 0, "reasons": {}}, "besides": {"updated_by_their_check_ins": 1, "moved_as_time_passed": 0}, "backlog": {"contacts_created": 0, "contacts_updated": 0, "visits_delivered": 0, "visits_merged": 0, "visits_held": 0}, "groups": {"Current customers": 4, "Leads": 2}, "calls": {"reads": 1, "writes": 4, "retries": 0}}');
INSERT INTO "run" VALUES(4,'booker',23409,'salon','2026-03-02 18:00:00.000000','2026-03-02 18:00:00.000000','ended',0,0,'2026-03-02 18:00:00.000000',3,'{"source": "booker", "run": 4, "exit_code": 3, "contacts": {"read": 1, "created": 0, "updated": 0, "unchanged": 0, "skipped": 1, "waiting": 0, "rejected": 0, "superseded": 0, "reasons": {"skipped": {"gone": 1}}}, "check_ins": {"read": 1, "delivered": 0, "already_delivered": 0, "merged": 0, "history": 0, "skipped": 1, "waiting": 0, "held": 0, "rejected": 0, "superseded": 0, "reasons": {"skipped": {"gone": 1}}}, "besides": {"updated_by_their_check_ins": 0, "moved_as_time_passed": 0}, "backlog": {"contacts_created": 0, "contacts_updated": 0, "visits_delivered": 0, "visits_merged": 0, "visits_held": 0}, "groups": {"Current customers": 3, "Leads": 2}, "calls": {"reads": 3, "writes": 0, "retries": 0}}');
INSERT INTO "run" VALUES(5,'shop',23409,'salon','2026-03-02 18:00:00.000000','2026-03-02 18:00:00.000000','ended',0,0,'2026-03-02 18:00:00.000000',0,'{"source": "shop", "run": 5, "exit_code": 0, "contacts": {"read": 1, "created": 0, "updated": 0, "unchanged": 1, "skipped": 0, "waiting": 0, "rejected": 0, "superseded": 0, "reasons": {}}, "check_ins": {"read": 1, "delivered": 0, "already_delivered": 0, "merged": 0, "history": 1, "skipped": 0, "waiting": 0, "held": 0, "rejected": 0, "superseded": 0, "reasons": {}}, "besides": {"updated_by_their_check_ins": 0, "moved_as_time_passed": 0}, "backlog": {"contacts_created": 0, "contacts_updated": 0, "visits_delivered": 0, "visits_merged": 0, "visits_held": 0}, "groups": {"Current customers": 3, "Leads": 2}, "calls": {"reads": 0, "writes": 0, "retries": 0}}');
INSERT INTO "run" VALUES(6,'booker',23409,'salon','2026-03-02 18:00:00.000000','2026-03-02 18:00:00.000000','ended',1,1,'2026-03-02 18:00:00.000000',6,'{"source": "booker", "run": 6, "exit_code": 6, "contacts": {"read": 1, "created": 0, "updated": 0, "unchanged": 0, "skipped": 0, "waiting": 1, "rejected": 0, "superseded": 0, "reasons": {"waiting": {"outage": 1}}}, "check_ins": {"read": 0, "delivered": 0, "already_delivered": 0, "merged": 0, "history": 0, "skipped": 0, "waiting": 0, "held": 0, "rejected": 0, "superseded": 0, "reasons": {}}, "besides": {"updated_by_their_check_ins": 0, "moved_as_time_passed": 0}, "backlog": {"contacts_created": 0, "contacts_updated": 0, "visits_delivered": 0, "visits_merged": 0, "visits_held": 0}, "groups": {"Current customers": 3, "Leads": 2}, "calls": {"reads": 1, "writes": 9, "retries": 8}}');
CREATE TABLE visit (
	source VARCHAR(200) NOT NULL, 
	id VARCHAR(255) NOT NULL, 
	contact_id VARCHAR(255) NOT NULL, 
	checked_in_at DATETIME, 
	is_checked_in BOOLEAN NOT NULL, 
	is_time_inferred BOOLEAN DEFAULT 0 NOT NULL, 
	undone_at DATETIME, 
	as_of DATETIME NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	reason VARCHAR(100), 
	waiting_since DATETIME, 
	remote_contact_id VARCHAR(100), 
	remote_id VARCHAR(100), 
	sent_at DATETIME, 
	points INTEGER, 
	intent_at DATETIME, 
	settled_at DATETIME, 
	settled_run INTEGER, 
	staged_run INTEGER NOT NULL, 
	PRIMARY KEY (source, id)
);
INSERT INTO "visit" VALUES('booker','10','1','2025-12-02 15:00:00.000000',1,0,NULL,'2026-03-02 15:00:00.000000','open',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "visit" VALUES('booker','11','2','2026-03-02 17:00:00.000000',1,0,NULL,'2026-03-02 17:00:00.000000','delivered',NULL,NULL,'4fb1475f299b3f916056d09cda3788d7','e8b02957b417d476f4940052b9666079','2026-03-02 16:00:00.000000',NULL,'2026-03-02 16:00:00.000000','2026-03-02 16:00:00.000000',2,3);
INSERT INTO "visit" VALUES('booker','12','3','2026-03-02 15:55:00.000000',1,0,NULL,'2026-03-02 16:00:00.000000','held',NULL,NULL,'41872ac220e94c7c9f70430e198ff603',NULL,'2026-03-02 15:55:00.000000',NULL,'2026-03-02 16:00:00.000000','2026-03-02 16:00:00.000000',2,2);
INSERT INTO "visit" VALUES('booker','13','99','2026-03-02 16:00:00.000000',1,0,NULL,'2026-03-02 16:00:00.000000','open',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO "visit" VALUES('booker','14','9',NULL,0,0,'2026-03-02 17:00:00.000000','2026-03-02 18:00:00.000000','delivered',NULL,NULL,'16c55159bfce761f3c499ae3d72a15fc','2625a9fd916797c6075a1bd3bcfedd54','2026-03-02 17:00:00.000000',NULL,'2026-03-02 17:00:00.000000','2026-03-02 17:00:00.000000',3,4);
INSERT INTO "visit" VALUES('booker','15','3','2026-03-02 17:00:00.000000',1,0,NULL,'2026-03-02 17:00:00.000000','merged',NULL,NULL,'41872ac220e94c7c9f70430e198ff603',NULL,'2026-03-02 17:00:00.000000',NULL,'2026-03-02 17:00:00.000000','2026-03-02 17:00:00.000000',3,3);
INSERT INTO "visit" VALUES('shop','w-9','w-1','2026-03-02 09:00:00.000000',1,0,NULL,'2026-03-02 18:00:00.000000','open',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,5);
CREATE INDEX contact_dirty ON contact (source) WHERE dirty;
CREATE INDEX contact_remote ON contact (remote_id);
CREATE INDEX contact_staged ON contact (staged_run);
CREATE INDEX contact_email ON contact (email_key);
CREATE INDEX contact_phone ON contact (phone_key);
CREATE INDEX contact_status ON contact (status);
CREATE INDEX visit_contact ON visit (source, contact_id, checked_in_at);
CREATE INDEX visit_staged ON visit (staged_run);
CREATE INDEX visit_remote ON visit (remote_contact_id, sent_at);
CREATE INDEX visit_status ON visit (status);
CREATE INDEX remote_email ON remote_contact (email_key);
CREATE INDEX remote_phone ON remote_contact (phone_key);
CREATE INDEX event_remote ON event (remote_id);
CREATE INDEX event_run ON event (run);
CREATE INDEX event_contact ON event (source, contact_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('run',6);
COMMIT;
