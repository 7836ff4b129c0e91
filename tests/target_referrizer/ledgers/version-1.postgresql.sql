CREATE TABLE public.contact (
    source character varying(200) NOT NULL,
    id character varying(255) NOT NULL,
    record text NOT NULL,
    updated_at timestamp without time zone,
    last_visit_at timestamp without time zone,
    latest_visit_at timestamp without time zone,
    email_key character varying(320),
    phone_key character varying(20),
    first_key character varying(255) DEFAULT ''::character varying NOT NULL,
    last_key character varying(255) DEFAULT ''::character varying NOT NULL,
    status character varying(20) NOT NULL,
    reject_code character varying(20),
    remote_id character varying(100),
    linked_by character varying(20),
    agrees boolean,
    owns_fields boolean DEFAULT false NOT NULL,
    birthday_due boolean DEFAULT false NOT NULL,
    linked_at timestamp without time zone,
    create_intent_at timestamp without time zone,
    create_round integer DEFAULT 0 NOT NULL,
    create_tries integer DEFAULT 0 NOT NULL,
    create_acknowledged boolean DEFAULT false NOT NULL,
    dirty boolean DEFAULT true NOT NULL,
    staged_run integer NOT NULL,
    created_run integer
);
CREATE TABLE public.event (
    no integer NOT NULL,
    run integer NOT NULL,
    at timestamp without time zone NOT NULL,
    kind character varying(30) NOT NULL,
    source character varying(200),
    contact_id character varying(255),
    remote_id character varying(100),
    detail text NOT NULL
);
CREATE SEQUENCE public.event_no_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.event_no_seq OWNED BY public.event.no;
CREATE TABLE public.meta (
    key character varying(200) NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.rejection (
    source character varying(200) NOT NULL,
    stream character varying(50) NOT NULL,
    id character varying(255) NOT NULL,
    code character varying(20) NOT NULL,
    reason text NOT NULL,
    record text,
    first_run integer NOT NULL,
    last_run integer NOT NULL,
    at timestamp without time zone NOT NULL,
    settled_at timestamp without time zone
);
CREATE TABLE public.remote_contact (
    id character varying(100) NOT NULL,
    email_key character varying(320),
    phone_key character varying(20),
    first_key character varying(255) DEFAULT ''::character varying NOT NULL,
    last_key character varying(255) DEFAULT ''::character varying NOT NULL,
    shown text DEFAULT '{}'::text NOT NULL,
    index_no integer NOT NULL,
    is_linked boolean DEFAULT false NOT NULL,
    is_gone boolean DEFAULT false NOT NULL,
    is_forgotten boolean DEFAULT false NOT NULL,
    baseline_visit_at timestamp without time zone,
    latest_visit_at timestamp without time zone,
    desired text DEFAULT '{}'::text NOT NULL,
    confirmed text DEFAULT '{}'::text NOT NULL,
    confirmed_group character varying(200),
    birthday character varying(10),
    intent_at timestamp without time zone,
    refused text,
    written_run integer
);
CREATE TABLE public.run (
    id integer NOT NULL,
    source character varying(200) NOT NULL,
    pid integer NOT NULL,
    host character varying(255) NOT NULL,
    started_at timestamp without time zone NOT NULL,
    as_of timestamp without time zone NOT NULL,
    phase character varying(20) NOT NULL,
    progress integer DEFAULT 0 NOT NULL,
    total integer DEFAULT 0 NOT NULL,
    finished_at timestamp without time zone,
    exit_code integer,
    accounting text
);
CREATE SEQUENCE public.run_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.run_id_seq OWNED BY public.run.id;
CREATE TABLE public.visit (
    source character varying(200) NOT NULL,
    id character varying(255) NOT NULL,
    contact_id character varying(255) NOT NULL,
    checked_in_at timestamp without time zone,
    is_checked_in boolean NOT NULL,
    is_time_inferred boolean DEFAULT false NOT NULL,
    undone_at timestamp without time zone,
    as_of timestamp without time zone NOT NULL,
    status character varying(20) NOT NULL,
    reason character varying(100),
    waiting_since timestamp without time zone,
    remote_contact_id character varying(100),
    remote_id character varying(100),
    sent_at timestamp without time zone,
    points integer,
    intent_at timestamp without time zone,
    settled_at timestamp without time zone,
    settled_run integer,
    staged_run integer NOT NULL
);
ALTER TABLE ONLY public.event ALTER COLUMN no SET DEFAULT nextval('public.event_no_seq'::regclass);
ALTER TABLE ONLY public.run ALTER COLUMN id SET DEFAULT nextval('public.run_id_seq'::regclass);
INSERT INTO public.contact VALUES ('booker', '5', '{"email":"home@example.com","first_name":"Luis","id":5,"last_name":"Reyes"}', '2026-03-02 15:00:00', NULL, NULL, 'home@example.com', NULL, 'luis', 'reyes', 'linked', NULL, 'efa4204d1b0311c12f059f7989504c8a', 'e-mail', false, false, false, '2026-03-02 15:00:00', NULL, 0, 0, false, false, 1, NULL);
INSERT INTO public.contact VALUES ('booker', '8', '{}', NULL, NULL, NULL, NULL, NULL, '', '', 'forgotten', NULL, NULL, 'created', true, true, false, '2026-03-02 15:00:00', NULL, 0, 0, false, false, 3, 1);
INSERT INTO public.contact VALUES ('booker', '9', '{"city":"Joliet","email":"ada9@example.com","first_name":"Ada","id":9,"last_name":"Byron"}', '2026-03-02 18:00:00', NULL, NULL, 'ada9@example.com', NULL, 'ada', 'byron', 'gone', NULL, NULL, 'created', true, true, false, '2026-03-02 15:00:00', NULL, 0, 0, false, false, 4, 1);
INSERT INTO public.contact VALUES ('booker', '6', '{"first_name":"Ada","id":6,"last_name":"Byron","phone":"unreadable"}', '2026-03-02 15:00:00', NULL, NULL, NULL, NULL, 'ada', 'byron', 'rejected', 'RFZ-206', NULL, NULL, NULL, false, false, NULL, NULL, 0, 0, false, true, 1, NULL);
INSERT INTO public.contact VALUES ('booker', '3', '{"email":"grace@example.com","first_name":"Grace","id":3,"last_name":"Hopper"}', '2026-03-02 15:00:00', NULL, '2026-03-02 17:00:00', 'grace@example.com', NULL, 'grace', 'hopper', 'linked', NULL, '41872ac220e94c7c9f70430e198ff603', 'e-mail', true, true, false, '2026-03-02 15:00:00', NULL, 0, 0, false, false, 1, NULL);
INSERT INTO public.contact VALUES ('booker', '1', '{"birthday":"1961-03-02","city":"Gary","email":"ada1@example.com","first_name":"Ada","id":1,"last_name":"Byron"}', '2026-03-02 15:00:00', '2025-12-12 15:00:00', '2025-12-12 15:00:00', 'ada1@example.com', NULL, 'ada', 'byron', 'linked', NULL, 'b6a2721b91134bbe27ead237443de488', 'created', true, true, false, '2026-03-02 15:00:00', NULL, 0, 0, false, false, 1, 1);
INSERT INTO public.contact VALUES ('booker', '4', '{"email":"home@example.com","first_name":"Maria","id":4,"last_name":"Reyes"}', '2026-03-02 15:00:00', NULL, NULL, 'home@example.com', NULL, 'maria', 'reyes', 'linked', NULL, 'efa4204d1b0311c12f059f7989504c8a', 'created', true, true, false, '2026-03-02 15:00:00', NULL, 0, 0, false, false, 1, 1);
INSERT INTO public.contact VALUES ('booker', '7', '{"first_name":"Ada","id":7,"last_name":"Byron"}', '2026-03-02 15:00:00', NULL, NULL, NULL, NULL, 'ada', 'byron', 'unreachable', NULL, NULL, NULL, NULL, false, false, NULL, NULL, 0, 0, false, true, 1, NULL);
INSERT INTO public.contact VALUES ('booker', '2', '{"city":"Aurora","email":"ada2@example.com","first_name":"Ada","id":2,"last_name":"Byron"}', '2026-03-02 18:00:00', NULL, '2026-03-02 17:00:00', 'ada2@example.com', NULL, 'ada', 'byron', 'linked', NULL, '4fb1475f299b3f916056d09cda3788d7', 'created', true, true, false, '2026-03-02 15:00:00', NULL, 0, 0, false, false, 6, 1);
INSERT INTO public.contact VALUES ('shop', 'w-1', '{"email":"ada2@example.com","first_name":"Ada","id":"w-1","last_name":"Byron"}', '2026-03-02 15:00:00', NULL, '2026-03-02 09:00:00', 'ada2@example.com', NULL, 'ada', 'byron', 'linked', NULL, '4fb1475f299b3f916056d09cda3788d7', 'e-mail', true, false, false, '2026-03-02 18:00:00', NULL, 0, 0, false, false, 5, NULL);
INSERT INTO public.contact VALUES ('booker', 's-1', '{"city":"Gary","email":"adas-1@example.com","first_name":"Ada","id":"s-1","last_name":"Byron"}', '2026-03-02 15:00:00', NULL, NULL, 'adas-1@example.com', NULL, 'ada', 'byron', 'linked', NULL, '7253f22501f99c534afbba52e044485c', 'created', true, true, false, '2026-03-02 17:00:00', NULL, 0, 0, false, false, 3, 3);
INSERT INTO public.event VALUES (1, 1, '2026-03-02 15:00:00', 'rejected', 'booker', '6', NULL, '{"code": "RFZ-206"}');
INSERT INTO public.event VALUES (2, 1, '2026-03-02 15:00:00', 'linked', 'booker', '3', '41872ac220e94c7c9f70430e198ff603', '{"by": "e-mail", "agrees": true}');
INSERT INTO public.event VALUES (3, 1, '2026-03-02 15:00:00', 'created', 'booker', '8', 'a71daf024babb16a08167d399fa491a2', '{"group": "Leads", "fields": ["email", "first_name", "last_name"]}');
INSERT INTO public.event VALUES (4, 1, '2026-03-02 15:00:00', 'created', 'booker', '4', 'efa4204d1b0311c12f059f7989504c8a', '{"group": "Leads", "fields": ["email", "first_name", "last_name"]}');
INSERT INTO public.event VALUES (5, 1, '2026-03-02 15:00:00', 'created', 'booker', '2', '4fb1475f299b3f916056d09cda3788d7', '{"group": "Leads", "fields": ["email", "first_name", "last_name"]}');
INSERT INTO public.event VALUES (6, 1, '2026-03-02 15:00:00', 'created', 'booker', '1', 'b6a2721b91134bbe27ead237443de488', '{"group": "Current customers", "fields": ["city", "email", "first_name", "last_name", "last_visit_at"]}');
INSERT INTO public.event VALUES (7, 1, '2026-03-02 15:00:00', 'created', 'booker', '9', '16c55159bfce761f3c499ae3d72a15fc', '{"group": "Leads", "fields": ["email", "first_name", "last_name"]}');
INSERT INTO public.event VALUES (8, 1, '2026-03-02 15:00:00', 'linked', 'booker', '5', 'efa4204d1b0311c12f059f7989504c8a', '{"by": "e-mail", "agrees": false}');
INSERT INTO public.event VALUES (9, 1, '2026-03-02 15:00:00', 'moved', NULL, NULL, '41872ac220e94c7c9f70430e198ff603', '{"from": null, "to": "Leads", "why": "first time"}');
INSERT INTO public.event VALUES (10, 2, '2026-03-02 16:00:00', 'updated', NULL, NULL, '41872ac220e94c7c9f70430e198ff603', '{"fields": ["last_visit_at"]}');
INSERT INTO public.event VALUES (11, 2, '2026-03-02 16:00:00', 'moved', NULL, NULL, '41872ac220e94c7c9f70430e198ff603', '{"from": "Leads", "to": "Current customers", "why": "a visit"}');
INSERT INTO public.event VALUES (12, 2, '2026-03-02 16:00:00', 'updated', NULL, NULL, '4fb1475f299b3f916056d09cda3788d7', '{"fields": ["last_visit_at"]}');
INSERT INTO public.event VALUES (13, 2, '2026-03-02 16:00:00', 'moved', NULL, NULL, '4fb1475f299b3f916056d09cda3788d7', '{"from": "Leads", "to": "Current customers", "why": "a visit"}');
INSERT INTO public.event VALUES (14, 2, '2026-03-02 16:00:00', 'held', 'booker', '3', '41872ac220e94c7c9f70430e198ff603', '{"visit": "12"}');
INSERT INTO public.event VALUES (15, 2, '2026-03-02 16:00:00', 'delivered', 'booker', '2', '4fb1475f299b3f916056d09cda3788d7', '{"visit": "11"}');
INSERT INTO public.event VALUES (16, 3, '2026-03-02 17:00:00', 'created', 'booker', 's-1', '7253f22501f99c534afbba52e044485c', '{"group": "Leads", "fields": ["city", "email", "first_name", "last_name"]}');
INSERT INTO public.event VALUES (17, 3, '2026-03-02 17:00:00', 'updated', NULL, NULL, '16c55159bfce761f3c499ae3d72a15fc', '{"fields": ["last_visit_at"]}');
INSERT INTO public.event VALUES (18, 3, '2026-03-02 17:00:00', 'moved', NULL, NULL, '16c55159bfce761f3c499ae3d72a15fc', '{"from": "Leads", "to": "Current customers", "why": "a visit"}');
INSERT INTO public.event VALUES (19, 3, '2026-03-02 17:00:00', 'merged', 'booker', '3', '41872ac220e94c7c9f70430e198ff603', '{"visit": "15"}');
INSERT INTO public.event VALUES (20, 3, '2026-03-02 17:00:00', 'delivered', 'booker', '9', '16c55159bfce761f3c499ae3d72a15fc', '{"visit": "14"}');
INSERT INTO public.event VALUES (21, 4, '2026-03-02 18:00:00', 'lost', 'booker', '9', '16c55159bfce761f3c499ae3d72a15fc', '{}');
INSERT INTO public.event VALUES (22, 4, '2026-03-02 18:00:00', 'gone', 'booker', '9', NULL, '{}');
INSERT INTO public.event VALUES (23, 5, '2026-03-02 18:00:00', 'linked', 'shop', 'w-1', '4fb1475f299b3f916056d09cda3788d7', '{"by": "e-mail", "agrees": true}');
INSERT INTO public.meta VALUES ('schema_version', '1');
INSERT INTO public.meta VALUES ('account', 'http://127.0.0.1:39621/referrizer/v1 sub:5a4db0c55a4db0c55a4db0c55a4db0c5');
INSERT INTO public.meta VALUES ('first_run:booker', '2026-03-02T15:00:00+00:00');
INSERT INTO public.meta VALUES ('first_run_final:booker', 'yes');
INSERT INTO public.meta VALUES ('origin', 'first');
INSERT INTO public.meta VALUES ('index_no', '2');
INSERT INTO public.meta VALUES ('index_at', '2026-03-02T18:00:00+00:00');
INSERT INTO public.meta VALUES ('shape:shop', '{"zone": "America/Chicago", "places": {"accepts_email": ["unsubscribedFromEmail"], "accepts_sms": ["unsubscribedFromText"], "birthday": ["birthday"], "city": ["address", "city"], "email": ["email"], "first_name": ["firstName"], "group": ["customFields", "Customer Group"], "is_member": ["customFields", "CRM Member"], "last_name": ["lastName"], "last_visit_at": ["customFields", "Last Visit Date"], "phone": ["phone"], "state": ["address", "state"], "street": ["address", "street"], "zip": ["address", "zip"]}, "country": "US", "opt_outs": false, "sources": []}');
INSERT INTO public.meta VALUES ('first_run:shop', '2026-03-02T18:00:00+00:00');
INSERT INTO public.meta VALUES ('first_run_final:shop', 'yes');
INSERT INTO public.meta VALUES ('policy', '{"policy": "[[[\"Current customers\", 3, \"months\"], [\"Past customers\", null, null]], \"Leads\", \"America/Chicago\"]", "sources": ["booker", "shop"]}');
INSERT INTO public.meta VALUES ('shape:booker', '{"zone": "America/Chicago", "places": {"accepts_email": ["unsubscribedFromEmail"], "accepts_sms": ["unsubscribedFromText"], "birthday": ["birthday"], "city": ["address", "city"], "email": ["email"], "first_name": ["firstName"], "group": ["customFields", "Customer Group"], "is_member": ["customFields", "CRM Member"], "last_name": ["lastName"], "last_visit_at": ["customFields", "Last Visit Date"], "phone": ["phone"], "state": ["address", "state"], "street": ["address", "street"], "zip": ["address", "zip"]}, "country": "US", "opt_outs": false, "sources": []}');
INSERT INTO public.rejection VALUES ('booker', 'contacts', '6', 'RFZ-206', 'the phone is unreadable and there is no usable e-mail', '{"first_name":"Ada","id":6,"last_name":"Byron","phone":"unreadable"}', 1, 1, '2026-03-02 15:00:00', NULL);
INSERT INTO public.remote_contact VALUES ('efa4204d1b0311c12f059f7989504c8a', 'home@example.com', NULL, 'maria', 'reyes', '{"accepts_email":false,"accepts_sms":false,"birthday":null,"city":null,"email":"home@example.com","first_name":"Maria","group":"Leads","last_name":"Reyes","phone":null,"state":null,"street":null,"zip":null}', 2, true, false, false, NULL, NULL, '{"email":"home@example.com","first_name":"Maria","last_name":"Reyes"}', '{"email":"home@example.com","first_name":"Maria","last_name":"Reyes"}', 'Leads', NULL, NULL, NULL, 1);
INSERT INTO public.remote_contact VALUES ('4fb1475f299b3f916056d09cda3788d7', 'ada2@example.com', NULL, 'ada', 'byron', '{"accepts_email":false,"accepts_sms":false,"birthday":null,"city":null,"email":"ada2@example.com","first_name":"Ada","group":"Current customers","last_name":"Byron","last_visit_at":"2026-03-02","phone":null,"state":null,"street":null,"zip":null}', 2, true, false, false, NULL, '2026-03-02 17:00:00', '{"city":"Aurora","email":"ada2@example.com","first_name":"Ada","last_name":"Byron","last_visit_at":"2026-03-02"}', '{"email":"ada2@example.com","first_name":"Ada","last_name":"Byron","last_visit_at":"2026-03-02"}', 'Current customers', NULL, NULL, NULL, 2);
INSERT INTO public.remote_contact VALUES ('7253f22501f99c534afbba52e044485c', 'adas-1@example.com', NULL, 'ada', 'byron', '{"accepts_email":false,"accepts_sms":false,"birthday":null,"city":"Gary","email":"adas-1@example.com","first_name":"Ada","group":"Leads","last_name":"Byron","phone":null,"state":null,"street":null,"zip":null}', 2, true, false, false, NULL, NULL, '{"city":"Gary","email":"adas-1@example.com","first_name":"Ada","last_name":"Byron"}', '{"city":"Gary","email":"adas-1@example.com","first_name":"Ada","last_name":"Byron"}', 'Leads', NULL, NULL, NULL, 3);
INSERT INTO public.remote_contact VALUES ('16c55159bfce761f3c499ae3d72a15fc', 'ada9@example.com', NULL, 'ada', 'byron', '{"email":"ada9@example.com","first_name":"Ada","group":"Leads","last_name":"Byron"}', 1, false, true, false, NULL, NULL, '{}', '{}', NULL, NULL, NULL, NULL, 3);
INSERT INTO public.remote_contact VALUES ('a71daf024babb16a08167d399fa491a2', NULL, NULL, '', '', '{}', 1, false, false, true, NULL, NULL, '{}', '{}', 'Leads', NULL, NULL, NULL, 1);
INSERT INTO public.remote_contact VALUES ('41872ac220e94c7c9f70430e198ff603', 'grace@example.com', NULL, 'grace', 'hopper', '{"accepts_email":false,"accepts_sms":false,"birthday":null,"city":null,"email":"grace@example.com","first_name":"Grace","group":"Current customers","last_name":"Hopper","last_visit_at":"2026-03-02","phone":null,"state":null,"street":null,"zip":null}', 2, true, false, false, NULL, '2026-03-02 17:00:00', '{"email":"grace@example.com","first_name":"Grace","last_name":"Hopper","last_visit_at":"2026-03-02"}', '{"email":"grace@example.com","first_name":"Grace","last_name":"Hopper","last_visit_at":"2026-03-02"}', 'Current customers', NULL, NULL, NULL, 2);
INSERT INTO public.remote_contact VALUES ('b6a2721b91134bbe27ead237443de488', 'ada1@example.com', NULL, 'ada', 'byron', '{"accepts_email":false,"accepts_sms":false,"birthday":"1961-03-02","city":"Gary","email":"ada1@example.com","first_name":"Ada","group":"Current customers","last_name":"Byron","last_visit_at":"2025-12-12","phone":null,"state":null,"street":null,"zip":null}', 2, true, false, false, NULL, '2025-12-12 15:00:00', '{"city":"Gary","email":"ada1@example.com","first_name":"Ada","last_name":"Byron","last_visit_at":"2025-12-12"}', '{"city":"Gary","email":"ada1@example.com","first_name":"Ada","last_name":"Byron","last_visit_at":"2025-12-12"}', 'Current customers', NULL, NULL, NULL, 1);
INSERT INTO public.run VALUES (6, 'booker', 23409, 'salon', '2026-03-02 18:00:00', '2026-03-02 18:00:00', 'ended', 1, 1, '2026-03-02 18:00:00', 6, '{"source": "booker", "run": 6, "exit_code": 6, "contacts": {"read": 1, "created": 0, "updated": 0, "unchanged": 0, "skipped": 0, "waiting": 1, "rejected": 0, "superseded": 0, "reasons": {"waiting": {"outage": 1}}}, "check_ins": {"read": 0, "delivered": 0, "already_delivered": 0, "merged": 0, "history": 0, "skipped": 0, "waiting": 0, "held": 0, "rejected": 0, "superseded": 0, "reasons": {}}, "besides": {"updated_by_their_check_ins": 0, "moved_as_time_passed": 0}, "backlog": {"contacts_created": 0, "contacts_updated": 0, "visits_delivered": 0, "visits_merged": 0, "visits_held": 0}, "groups": {"Current customers": 3, "Leads": 2}, "calls": {"reads": 1, "writes": 9, "retries": 8}}');
INSERT INTO public.run VALUES (1, 'booker', 23409, 'salon', '2026-03-02 15:00:00', '2026-03-02 15:00:00', 'ended', 0, 0, '2026-03-02 15:00:00', 0, '{"source": "booker", "run": 1, "exit_code": 0, "contacts": {"read": 9, "created": 5, "updated": 1, "unchanged": 1, "skipped": 1, "waiting": 0, "rejected": 1, "superseded": 0, "reasons": {"rejected": {"RFZ-206": 1}, "skipped": {"unreachable": 1}}}, "check_ins": {"read": 1, "delivered": 0, "already_delivered": 0, "merged": 0, "history": 1, "skipped": 0, "waiting": 0, "held": 0, "rejected": 0, "superseded": 0, "reasons": {}}, "besides": {"updated_by_their_check_ins": 0, "moved_as_time_passed": 0}, "backlog": {"contacts_created": 0, "contacts_updated": 0, "visits_delivered": 0, "visits_merged": 0, "visits_held": 0}, "groups": {"Current customers": 1, "Leads": 5}, "calls": {"reads": 3, "writes": 6, "retries": 0}}');
INSERT INTO public.run VALUES (2, 'booker', 23409, 'salon', '2026-03-02 16:00:00', '2026-03-02 16:00:00', 'ended', 2, 2, '2026-03-02 16:00:00', 3, '{"source": "booker", "run": 2, "exit_code": 3, "contacts": {"read": 0, "created": 0, "updated": 0, "unchanged": 0, "skipped": 0, "waiting": 0, "rejected": 0, "superseded": 0, "reasons": {}}, "check_ins": {"read": 3, "delivered": 1, "already_delivered": 0, "merged": 0, "history": 0, "skipped": 0, "waiting": 1, "held": 1, "rejected": 0, "superseded": 0, "reasons": {"waiting": {"no_contact_yet": 1}}}, "besides": {"updated_by_their_check_ins": 2, "moved_as_time_passed": 0}, "backlog": {"contacts_created": 0, "contacts_updated": 0, "visits_delivered": 0, "visits_merged": 0, "visits_held": 0}, "groups": {"Current customers": 3, "Leads": 3}, "calls": {"reads": 2, "writes": 4, "retries": 0}}');
INSERT INTO public.run VALUES (3, 'booker', 23409, 'salon', '2026-03-02 17:00:00', '2026-03-02 17:00:00', 'ended', 2, 2, '2026-03-02 17:00:00', 3, '{"source": "booker", "run": 3, "exit_code": 3, "contacts": {"read": 2, "created": 1, "updated": 0, "unchanged": 0, "skipped": 1, "waiting": 0, "rejected": 0, "superseded": 0, "reasons": {"skipped": {"forgotten": 1}}}, "check_ins": {"read": 3, "delivered": 1, "already_delivered": 1, "merged": 1, "history": 0, "skipped": 0, "waiting": 0, "held": 0, "rejected": 0, "superseded": 0, "reasons": {}}, "besides": {"updated_by_their_check_ins": 1, "moved_as_time_passed": 0}, "backlog": {"contacts_created": 0, "contacts_updated": 0, "visits_delivered": 0, "visits_merged": 0, "visits_held": 0}, "groups": {"Current customers": 4, "Leads": 2}, "calls": {"reads": 1, "writes": 4, "retries": 0}}');
INSERT INTO public.run VALUES (4, 'booker', 23409, 'salon', '2026-03-02 18:00:00', '2026-03-02 18:00:00', 'ended', 0, 0, '2026-03-02 18:00:00', 3, '{"source": "booker", "run": 4, "exit_code": 3, "contacts": {"read": 1, "created": 0, "updated": 0, "unchanged": 0, "skipped": 1, "waiting": 0, "rejected": 0, "superseded": 0, "reasons": {"skipped": {"gone": 1}}}, "check_ins": {"read": 1, "delivered": 0, "already_delivered": 0, "merged": 0, "history": 0, "skipped": 1, "waiting": 0, "held": 0, "rejected": 0, "superseded": 0, "reasons": {"skipped": {"gone": 1}}}, "besides": {"updated_by_their_check_ins": 0, "moved_as_time_passed": 0}, "backlog": {"contacts_created": 0, "contacts_updated": 0, "visits_delivered": 0, "visits_merged": 0, "visits_held": 0}, "groups": {"Current customers": 3, "Leads": 2}, "calls": {"reads": 3, "writes": 0, "retries": 0}}');
INSERT INTO public.run VALUES (5, 'shop', 23409, 'salon', '2026-03-02 18:00:00', '2026-03-02 18:00:00', 'ended', 0, 0, '2026-03-02 18:00:00', 0, '{"source": "shop", "run": 5, "exit_code": 0, "contacts": {"read": 1, "created": 0, "updated": 0, "unchanged": 1, "skipped": 0, "waiting": 0, "rejected": 0, "superseded": 0, "reasons": {}}, "check_ins": {"read": 1, "delivered": 0, "already_delivered": 0, "merged": 0, "history": 1, "skipped": 0, "waiting": 0, "held": 0, "rejected": 0, "superseded": 0, "reasons": {}}, "besides": {"updated_by_their_check_ins": 0, "moved_as_time_passed": 0}, "backlog": {"contacts_created": 0, "contacts_updated": 0, "visits_delivered": 0, "visits_merged": 0, "visits_held": 0}, "groups": {"Current customers": 3, "Leads": 2}, "calls": {"reads": 0, "writes": 0, "retries": 0}}');
INSERT INTO public.visit VALUES ('booker', '10', '1', '2025-12-02 15:00:00', true, false, NULL, '2026-03-02 15:00:00', 'open', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1);
INSERT INTO public.visit VALUES ('booker', '13', '99', '2026-03-02 16:00:00', true, false, NULL, '2026-03-02 16:00:00', 'open', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2);
INSERT INTO public.visit VALUES ('booker', '12', '3', '2026-03-02 15:55:00', true, false, NULL, '2026-03-02 16:00:00', 'held', NULL, NULL, '41872ac220e94c7c9f70430e198ff603', NULL, '2026-03-02 15:55:00', NULL, '2026-03-02 16:00:00', '2026-03-02 16:00:00', 2, 2);
INSERT INTO public.visit VALUES ('booker', '11', '2', '2026-03-02 17:00:00', true, false, NULL, '2026-03-02 17:00:00', 'delivered', NULL, NULL, '4fb1475f299b3f916056d09cda3788d7', 'e8b02957b417d476f4940052b9666079', '2026-03-02 16:00:00', NULL, '2026-03-02 16:00:00', '2026-03-02 16:00:00', 2, 3);
INSERT INTO public.visit VALUES ('booker', '15', '3', '2026-03-02 17:00:00', true, false, NULL, '2026-03-02 17:00:00', 'merged', NULL, NULL, '41872ac220e94c7c9f70430e198ff603', NULL, '2026-03-02 17:00:00', NULL, '2026-03-02 17:00:00', '2026-03-02 17:00:00', 3, 3);
INSERT INTO public.visit VALUES ('booker', '14', '9', NULL, false, false, '2026-03-02 17:00:00', '2026-03-02 18:00:00', 'delivered', NULL, NULL, '16c55159bfce761f3c499ae3d72a15fc', '2625a9fd916797c6075a1bd3bcfedd54', '2026-03-02 17:00:00', NULL, '2026-03-02 17:00:00', '2026-03-02 17:00:00', 3, 4);
INSERT INTO public.visit VALUES ('shop', 'w-9', 'w-1', '2026-03-02 09:00:00', true, false, NULL, '2026-03-02 18:00:00', 'open', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 5);
SELECT pg_catalog.setval('public.event_no_seq', 23, true);
SELECT pg_catalog.setval('public.run_id_seq', 6, true);
ALTER TABLE ONLY public.contact
    ADD CONSTRAINT contact_pkey PRIMARY KEY (source, id);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (no);
ALTER TABLE ONLY public.meta
    ADD CONSTRAINT meta_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.rejection
    ADD CONSTRAINT rejection_pkey PRIMARY KEY (source, stream, id);
ALTER TABLE ONLY public.remote_contact
    ADD CONSTRAINT remote_contact_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.visit
    ADD CONSTRAINT visit_pkey PRIMARY KEY (source, id);
CREATE INDEX contact_dirty ON public.contact USING btree (source) WHERE dirty;
CREATE INDEX contact_email ON public.contact USING btree (email_key);
CREATE INDEX contact_phone ON public.contact USING btree (phone_key);
CREATE INDEX contact_remote ON public.contact USING btree (remote_id);
CREATE INDEX contact_staged ON public.contact USING btree (staged_run);
CREATE INDEX contact_status ON public.contact USING btree (status);
CREATE INDEX event_contact ON public.event USING btree (source, contact_id);
CREATE INDEX event_remote ON public.event USING btree (remote_id);
CREATE INDEX event_run ON public.event USING btree (run);
CREATE INDEX remote_email ON public.remote_contact USING btree (email_key);
CREATE INDEX remote_phone ON public.remote_contact USING btree (phone_key);
CREATE INDEX visit_contact ON public.visit USING btree (source, contact_id, checked_in_at);
CREATE INDEX visit_remote ON public.visit USING btree (remote_contact_id, sent_at);
CREATE INDEX visit_staged ON public.visit USING btree (staged_run);
CREATE INDEX visit_status ON public.visit USING btree (status);
