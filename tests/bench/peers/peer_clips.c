/* W1 in CLIPS, embedded (libclips): a fact a row, asserted, run and retracted. peer_clips FOLDER RULES.clp; peers.js says the lines it speaks. */
#include <clips/clips.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t* hits;
static uint32_t count;

static void hit(void* environment) { hits[count++] = (uint32_t)EnvRtnLong(environment, 1); }

static int ascending(const void* a, const void* b) {
  const uint32_t x = *(const uint32_t*)a, y = *(const uint32_t*)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char** argv) {
  char name[4096], line[4096], what[16];
  uint32_t size[2];
  if (argc != 3) return 2;
  snprintf(name, sizeof(name), "%s/rows.bin", argv[1]);
  FILE* rows = fopen(name, "rb");
  if (!rows || fseek(rows, 4, SEEK_SET) || fread(size, 4, 2, rows) != 2) return 2;
  int32_t* values = malloc((size_t)size[0] * size[1] * 4);
  hits = malloc(4u << 20);
  if (!values || !hits || fread(values, (size_t)size[1] * 4, size[0], rows) != size[0]) return 2;
  void* clips = CreateEnvironment();
  EnvDefineFunction2(clips, "hit", 'v', PTIEF hit, "hit", "11i");
  if (EnvLoad(clips, argv[2]) != 1) return 2;
  EnvReset(clips);
  void* template = EnvFindDeftemplate(clips, "row");
  char(*slots)[16] = malloc(16u * size[1]);
  for (uint32_t a = 0; a < size[1]; ++a) snprintf(slots[a], 16, "a%u", a);
  puts("ready");
  fflush(stdout);
  while (fgets(line, sizeof(line), stdin)) {
    unsigned long n = 0, matches = 0;
    if (sscanf(line, "%15s %lu %4095s", what, &n, name) < 2) return 2;
    FILE* sets = what[0] == 's' ? fopen(name, "wb") : NULL;
    for (unsigned long i = 0; i < n && i < size[0]; ++i) {
      struct fact* fact = EnvCreateFact(clips, template);
      for (uint32_t a = 0; a < size[1]; ++a) {
        DATA_OBJECT value;
        SetType(value, INTEGER);
        SetValue(value, EnvAddLong(clips, values[i * size[1] + a]));
        EnvPutFactSlot(clips, fact, slots[a], &value);
      }
      count = 0;
      fact = EnvAssert(clips, fact);
      EnvRun(clips, -1);
      EnvRetract(clips, fact);
      matches += count;
      if (!sets) continue;
      qsort(hits, count, 4, ascending);
      fwrite(&count, 4, 1, sets);
      fwrite(hits, 4, count, sets);
    }
    if (sets) fclose(sets);
    printf("done %lu\n", matches);
    fflush(stdout);
  }
  return 0;
}
