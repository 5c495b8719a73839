-- What a row of the audit is about, besides its subject: empty where it is about no place.
ALTER TABLE audit ADD COLUMN service TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN environment TEXT NOT NULL DEFAULT '';
CREATE INDEX audit_by_service ON audit (service, seq);
CREATE INDEX audit_by_environment ON audit (environment, seq);
CREATE INDEX audit_by_actor ON audit (actor, seq);

-- A row is written once. This keeps accidents out; who may drop a trigger is found by the chain.
-- only SQLite:
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'a row of the audit never changes'); END;
CREATE TRIGGER audit_never_shrinks BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'a row of the audit is never removed'); END;
-- Without this one, INSERT OR REPLACE would remove a row and fire neither.
CREATE TRIGGER audit_never_repeats BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'a row of the audit is written once'); END;
-- only PostgreSQL:
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a row of the audit never changes and is never removed'; END $$;
CREATE TRIGGER audit_never_changes BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_never_empties BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();
