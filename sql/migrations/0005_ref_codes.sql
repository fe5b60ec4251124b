CREATE TABLE ref.time_classes (
    time_class text CONSTRAINT time_classes_time_class_pk PRIMARY KEY,
    iso22400_element text,
    name text NOT NULL,
    is_in_planned_busy_time boolean NOT NULL
);
COMMENT ON TABLE ref.time_classes IS 'Classes of machine time, ISO 22400-2:2014. Grain: class. Every second of a machine has exactly one.';
COMMENT ON COLUMN ref.time_classes.is_in_planned_busy_time IS 'Whether the class counts within planned busy time (PBT), the denominator of availability.';
INSERT INTO ref.time_classes (time_class, iso22400_element, name, is_in_planned_busy_time) VALUES
    ('production', 'APT', 'Actual production time', true),
    ('setup', 'AUST', 'Actual unit setup time', true),
    ('delay', 'ADET', 'Actual unit down time (unplanned stops)', true),
    ('planned_downtime', NULL, 'Planned downtime: breaks, planned maintenance, no orders, trials', false),
    ('closed', NULL, 'Not scheduled', false),
    ('unknown', NULL, 'No signal', true);

CREATE TABLE ref.machine_states (
    state_code text CONSTRAINT machine_states_state_code_pk PRIMARY KEY,
    name text NOT NULL,
    time_class text NOT NULL CONSTRAINT machine_states_time_class_fk REFERENCES ref.time_classes,
    color text NOT NULL CONSTRAINT machine_states_color_check CHECK (color ~ '^#[0-9a-f]{6}$')
);
COMMENT ON TABLE ref.machine_states IS 'States a machine reports. Grain: state. A reason with a class of its own overrides the state''s class.';
COMMENT ON COLUMN ref.machine_states.color IS 'Colour on screens, told apart by colour-blind readers too (Okabe and Ito''s palette).';
INSERT INTO ref.machine_states (state_code, name, time_class, color) VALUES
    ('running', 'Running', 'production', '#009e73'),
    ('setup', 'Setup', 'setup', '#56b4e9'),
    ('idle', 'Waiting (starved or blocked)', 'delay', '#f0e442'),
    ('down', 'Down', 'delay', '#d55e00'),
    ('break', 'Break', 'planned_downtime', '#999999'),
    ('maintenance', 'Planned maintenance', 'planned_downtime', '#cc79a7'),
    ('off', 'Off, no order', 'planned_downtime', '#555555'),
    ('unknown', 'No signal', 'unknown', '#dddddd');

CREATE TABLE ref.reason_codes (
    reason_code text CONSTRAINT reason_codes_reason_code_pk PRIMARY KEY,
    parent_reason_code text CONSTRAINT reason_codes_parent_reason_code_fk REFERENCES ref.reason_codes,
    name text NOT NULL,
    time_class text CONSTRAINT reason_codes_time_class_fk REFERENCES ref.time_classes,
    six_big_loss text CONSTRAINT reason_codes_six_big_loss_check CHECK (six_big_loss IN
        ('breakdowns', 'setup_and_adjustment', 'minor_stops', 'reduced_speed', 'startup_rejects', 'production_rejects'))
);
COMMENT ON TABLE ref.reason_codes IS 'Tree of stop reasons. Grain: reason.';
COMMENT ON COLUMN ref.reason_codes.time_class IS 'Class of the time lost for this reason; NULL: the state''s own class.';
INSERT INTO ref.reason_codes (reason_code, parent_reason_code, name, time_class, six_big_loss) VALUES
    ('BREAKDOWN', NULL, 'Breakdown', 'delay', 'breakdowns'),
    ('BRK-MECH', 'BREAKDOWN', 'Mechanical breakdown', 'delay', 'breakdowns'),
    ('BRK-ELEC', 'BREAKDOWN', 'Electrical breakdown', 'delay', 'breakdowns'),
    ('BRK-HYDR', 'BREAKDOWN', 'Hydraulic or pneumatic breakdown', 'delay', 'breakdowns'),
    ('BRK-CTRL', 'BREAKDOWN', 'Control or sensor failure', 'delay', 'breakdowns'),
    ('BRK-TOOL', 'BREAKDOWN', 'Tool, die or mould failure', 'delay', 'breakdowns'),
    ('SETUP', NULL, 'Setup and adjustment', 'setup', 'setup_and_adjustment'),
    ('SET-CHANGE', 'SETUP', 'Product change', 'setup', 'setup_and_adjustment'),
    ('SET-WARM', 'SETUP', 'Warm-up', 'setup', 'setup_and_adjustment'),
    ('SET-ADJ', 'SETUP', 'Adjustment', 'setup', 'setup_and_adjustment'),
    ('WAIT', NULL, 'Waiting', 'delay', NULL),
    ('WAIT-MAT', 'WAIT', 'No material (starved)', 'delay', NULL),
    ('WAIT-DOWN', 'WAIT', 'Downstream full (blocked)', 'delay', NULL),
    ('WAIT-OPER', 'WAIT', 'No operator', 'delay', NULL),
    ('WAIT-QUAL', 'WAIT', 'Waiting for quality release', 'delay', NULL),
    ('MINOR', NULL, 'Minor stop', 'delay', 'minor_stops'),
    ('MIN-JAM', 'MINOR', 'Jam', 'delay', 'minor_stops'),
    ('MIN-CLEAN', 'MINOR', 'Short cleaning', 'delay', 'minor_stops'),
    ('PLANNED', NULL, 'Planned downtime', 'planned_downtime', NULL),
    ('PLN-BREAK', 'PLANNED', 'Break', 'planned_downtime', NULL),
    ('PLN-MAINT', 'PLANNED', 'Planned maintenance', 'planned_downtime', NULL),
    ('PLN-NOORD', 'PLANNED', 'No orders', 'planned_downtime', NULL),
    ('PLN-TRIAL', 'PLANNED', 'Trial', 'planned_downtime', NULL);

CREATE TABLE ref.defect_codes (
    defect_code text CONSTRAINT defect_codes_defect_code_pk PRIMARY KEY,
    name text NOT NULL,
    category text NOT NULL CONSTRAINT defect_codes_category_check CHECK (category IN ('visual', 'dimensional', 'functional')),
    severity text NOT NULL CONSTRAINT defect_codes_severity_check CHECK (severity IN ('critical', 'major', 'minor'))
);
COMMENT ON TABLE ref.defect_codes IS 'Kinds of defect. Grain: defect code.';
INSERT INTO ref.defect_codes (defect_code, name, category, severity) VALUES
    ('BLISTER', 'Blister', 'visual', 'major'),
    ('FOREIGN', 'Foreign matter', 'visual', 'major'),
    ('LIGHT', 'Light or thin spot', 'visual', 'minor'),
    ('SIZE', 'Out of size', 'dimensional', 'major'),
    ('SPLICE', 'Open splice', 'functional', 'critical'),
    ('BALANCE', 'Out of balance', 'functional', 'major'),
    ('UNIFORM', 'Force variation', 'functional', 'major'),
    ('UNDERCURE', 'Undercured', 'functional', 'critical');
